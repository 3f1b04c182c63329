"""Untrusted patterns: read as ``re`` reads them, in bounded time."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.util import patterns
from dreamerguard.util.patterns import Pattern, PatternError

#: ``re`` needs from seconds to centuries for these on a key.
CATASTROPHIC = {
    "([a-z_.]+)*!": False,
    "(.?){30}!": False,
    "(.?){60}units": True,
    r"(\w+\.?)+\.units": True,
    "(.*){40}!": False,
    ".*.*.*.*.*.*.*.*.*.*.*.*!": False,
    "((((((((.*)*)*)*)*)*)*)*)*!": False,
    "((.{0,99}){0,99}){0,99}!": False,
    "(a|.)*(.|e)*!": False,
}
KEY = "agent.decoder.simple.with_a_rather_long_name.units"


@pytest.mark.parametrize("text", CATASTROPHIC)
def test_a_catastrophic_pattern_is_followed(text: str) -> None:
    assert Pattern(text).match(KEY) == Pattern(text).fullmatch(KEY) == CATASTROPHIC[text]


@pytest.fixture
def every_pattern_is_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_PLAIN_REPEATS", -1)


@pytest.mark.usefixtures("every_pattern_is_walked")
@settings(max_examples=6 * settings.default.max_examples)
@given(
    st.text(alphabet="()[]{}*+?|.^$\\abx-,02\nwdsWDSZAn", max_size=14),
    st.lists(st.text(alphabet="abx.02,- \n", max_size=8), min_size=1, max_size=4),
    st.sampled_from([re.NOFLAG, re.DOTALL]),
)
def test_a_pattern_that_is_walked_says_what_re_says(text: str, keys: list[str], flags: re.RegexFlag) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = re.compile(text, flags)
    except (re.error, OverflowError):
        with pytest.raises(PatternError):
            Pattern(text, flags)
        return
    try:
        pattern = Pattern(text, flags)
        found = [(pattern.match(key), pattern.fullmatch(key)) for key in keys]
    except PatternError as error:
        assert "repeats" in str(error) and re.search(r"\\[bB1-9]|\(\?|[*+?}]\+", text)
        return
    assert found == [(compiled.match(key) is not None, compiled.fullmatch(key) is not None) for key in keys]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(", "unterminated"),
        ("a{1,99999999999999999999}", "too large"),
        ("(" * 5000 + ")" * 5000, "too deeply"),
        (r"(a+)+\1", "has many repeats"),
        ("(?=a+)+b+c+d+", "has many repeats"),
        ("(?i)(a+)+", "flags"),
    ],
)
def test_a_pattern_that_cannot_be_followed_is_refused(text: str, says: str) -> None:
    with pytest.raises(PatternError, match=says):
        Pattern(text).match("aaa")


def test_the_reader_of_a_pattern_is_not_told_of_pythons_plans() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Pattern("[[a]").match("[")
