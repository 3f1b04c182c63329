"""Scalar types against ruamel-like YAML 1.2 facts, and spelling back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.core.source import Value
from dreamerguard.core.values import read_value, resolve_scalar, spell_scalar

TABLE = [
    ("512", 512),
    ("-3", -3),
    ("0o17", 15),
    ("0x1F", 31),
    ("08", 8),
    ("1e6", 1e6),
    ("5e-5", 5e-5),
    ("1.", 1.0),
    (".5", 0.5),
    ("true", True),
    ("False", False),
    ("~", None),
    ("", None),
    ("null", None),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("12:30", "12:30"),
    ("1_000", "1_000"),
    ("inf", "inf"),
    ("1e", "1e"),
    ("2024-01-01", "2024-01-01"),
    ("٣", "٣"),
]


@pytest.mark.parametrize(("text", "value"), TABLE)
def test_core_schema(text: str, value: Value) -> None:
    got = resolve_scalar(text)
    assert got == value
    assert type(got) is type(value)


def test_infinity_and_nan() -> None:
    assert resolve_scalar("-.inf") == -math.inf
    number = resolve_scalar(".nan")
    assert isinstance(number, float) and math.isnan(number)


def test_long_digits_do_not_take_long() -> None:
    assert resolve_scalar("9" * 100_000) == math.inf


def test_lists_on_the_command_line() -> None:
    assert read_value("[2, 3,4]") == (2, 3, 4)
    assert read_value("[]") == ()
    assert read_value("[a, 1e3]") == ("a", 1000.0)


@given(st.one_of(st.booleans(), st.integers(-(10**15), 10**15), st.floats(-1e12, 1e12)))
def test_spelling_reads_back(value: bool | int | float) -> None:
    again = resolve_scalar(spell_scalar(value))
    assert again == pytest.approx(value, rel=1e-9)


def test_spelling_of_null_and_lists() -> None:
    assert resolve_scalar(spell_scalar(None)) is None
    assert read_value(spell_scalar((2, 3))) == (2, 3)


@given(st.text(max_size=40))
def test_any_text_has_a_value(text: str) -> None:
    read_value(text)
