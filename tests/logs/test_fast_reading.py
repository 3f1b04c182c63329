"""Fast ways to read a block give what the plain ones give, on drawn and damaged blocks."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dreamerguard.logs import json_exports
from dreamerguard.logs.csv_exports import csv_block, csv_cells, read_header
from dreamerguard.logs.lines import flat_columns, has_more_lines, lines_with, may_hold, number_columns
from dreamerguard.logs.order import are_scores, are_steps, is_score, is_step
from dreamerguard.logs.row_blocks import RowBlock, Wanted
from dreamerguard.util import json_text
from dreamerguard.util.json_text import read_json, read_long_json

NUMBERS = st.one_of(
    st.integers(0, 600_000),
    st.integers(-(10**320), 10**320),
    st.integers(300, 303).map(lambda digits: -(10**digits)),
    st.floats(),
    st.sampled_from([1e308, -1e308, 1e15, 5e-324, 2**63, -0.0, 1e16]),
)
VALUES = st.one_of(NUMBERS, NUMBERS, st.none(), st.booleans(), st.text(max_size=3), st.just([{"score": 1}]))
TEXTS = st.sampled_from(
    [
        "1e999",
        "-0",
        "01",
        "1.",
        "+1",
        "-",
        "NaN",
        "-Infinity",
        "1E5",
        "9" * 301,
        "-" + "9" * 300,
        "7" * 5000,
        '"\\ud800"',
        '"\\u00e9"',
        '"\x01"',
        "1_0",
        "nan",
        " 1",
        "true",
        "[1",
        "2]",
        "1,2",
        '"a',
        "\x0c1",
        "[" * 250 + "]" * 250,
    ]
)


def damaged(text: bytes) -> st.SearchStrategy[bytes]:
    """The text, or the text with one part replaced."""
    part = st.sampled_from(
        [b"", b",", b"}", b"{", b'"', b"\n", b"\r", b"0", b"-", b"e", b"NaN", b'"score": 3', b"\xff"]
    )
    place = st.integers(0, len(text))
    cut = st.tuples(place, st.integers(0, 4), part).map(lambda c: text[: c[0]] + c[2] + text[c[0] + c[1] :])
    return st.one_of(st.just(text), cut)


@pytest.fixture(autouse=True)
def short_texts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the parser for long texts read short ones."""
    monkeypatch.setattr(json_text, "_LONG", 0)


def outcome(read: Any, text: bytes) -> str:
    """What a parser makes of a text, with the types of its numbers."""
    try:
        return repr(read(text))
    except ValueError:
        return "refused"


@given(st.data())
def test_long_json_is_read_as_any_other(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.one_of(VALUES.map(json.dumps), TEXTS), max_size=6))
    text = ("[" + ",".join(f'{{"a": {value}, "a": {value}}}' for value in values) + "]").encode()
    text = data.draw(damaged(text))
    assert outcome(read_long_json, text) == outcome(read_json, text)


def test_a_whole_number_of_many_digits_is_no_whole_number() -> None:
    for digits in (300, 301, 320, 4000, 9000):
        for sign in ("", "-"):
            text = f"[1, {sign}{'8' * digits}, 2.5]".encode()
            assert outcome(read_long_json, text) == outcome(read_json, text)


def plain_columns(block: bytes) -> tuple[list[float], list[float]] | None:
    """The step and the score of every line, read as JSON."""
    rows = [read_json(line) for line in block.splitlines()]
    return number_columns(rows, "step", "score")


@given(st.data())
def test_flat_lines_are_read_as_json(data: st.DataObject) -> None:
    others = st.dictionaries(st.sampled_from(["a", "length", "time"]), st.one_of(st.integers(), st.text(max_size=3)))
    rows = st.tuples(NUMBERS, NUMBERS, others, others).map(lambda r: {"step": r[0], **r[2], "score": r[1], **r[3]})
    lines = data.draw(st.lists(rows, min_size=1, max_size=8))
    block = b"".join(json.dumps(row).encode() + b"\n" for row in lines)
    found = flat_columns(block, "step", "score")
    assert found is None or repr(found) == repr(plain_columns(block))
    sound = all(is_step(row["step"]) and is_score(row["score"]) for row in lines)
    assert (
        not sound or found is not None or b"{" in block.replace(b'{"step"', b"") or b"}" in block.replace(b"}\n", b"")
    )
    block = data.draw(damaged(block))
    assume(block.endswith(b"\n"))
    found = flat_columns(block, "step", "score")
    if found is not None:  # each line gives one pair, whatever else stands in it
        assert len(found[0]) == len(found[1]) == block.count(b"\n")
        with suppress(ValueError):
            assert repr(found) == repr(plain_columns(block))


@pytest.mark.parametrize(
    "line",
    [
        b'{"step": 1, "score": 2, "score": 3}',
        b'{"step": 1, "score": 2, "step": 3}',
        b'{"step": 1, "a": {"score": 2}}',
        b'{"score": 2, "step": 1}',
        b'{"step": 1, "score": NaN}',
        b'{"step": "1", "score": 2}',
        b'{"step": 1, "score": 2',
        b'{"step": 1, "score": 02}',
        b'{"step": 1, "length": 2}',
        b"",
    ],
)
def test_no_other_block_is_flat(line: bytes) -> None:
    row = b'{"step": 1, "score": 2.5, "time": 0.5}\n'
    assert flat_columns(row * 3, "step", "score") == ([1] * 3, [2.5] * 3)
    assert flat_columns(row + line + b"\n" + row, "step", "score") is None


@given(st.lists(NUMBERS, max_size=6))
def test_limits_hold_for_all_or_not(values: list[float]) -> None:
    assert are_steps(values) == all(map(is_step, values))
    assert are_scores(values) == all(map(is_score, values))


@given(st.lists(st.text("NaxI \r", max_size=4), max_size=9), st.integers(0, 9))
def test_lines_with_a_text_are_found(texts: list[str], count: int) -> None:
    lines = [text.encode() for text in texts]
    block = b"\n".join(lines)
    for word in (b"NaN", b"I", b"a x"):
        assert lines_with(block, word) == [line for line in lines if word in line]
        assert may_hold(block, word) or word not in block
    assert has_more_lines(block, count) == (block.count(b"\n") > count)


def by_cells(block: bytes, wanted: Wanted) -> RowBlock:
    """The rows of a CSV block, read cell by cell."""
    first, _, rest = block.partition(b"\n")
    header, found = read_header(first), RowBlock()
    assert header is not None
    for cells in csv_cells(rest):
        found.add(header.row(cells), wanted)
    return found


@given(st.data())
def test_csv_is_read_as_by_its_cells(data: st.DataObject) -> None:
    cell = st.one_of(
        st.just(""), NUMBERS.map(str), st.sampled_from(["1e999", "007", "1_0", " 5", "nan", "NaN", "+3", ".5"])
    )
    lines = data.draw(st.lists(st.lists(cell, min_size=4, max_size=4), min_size=1, max_size=9))
    body = "\n".join(map(",".join, lines)).encode() + b"\n"
    wanted = Wanted("step", ("score",), repeat=data.draw(st.sampled_from([1, 2])))
    header = read_header(b"_step,score,global_step,loss")
    assert header is not None
    found = csv_block(body, header, wanted, 100)
    expected = by_cells(b"_step,score,global_step,loss\n" + body, wanted)
    assert repr(found.scores.get("score", ([], []))) == repr(expected.scores.get("score", ([], [])))
    assert repr(found.rows) == repr(expected.rows)


def test_rows_with_new_keys_have_every_key_with_a_number() -> None:
    rows: list[dict[str, Any]] = [{"a": 1}, {"a": "x", "b": None}, {"a": 2}, {"b": 1.5, "c": True}, {"b": 2}]
    assert json_exports.with_new_keys(rows) == [{"a": 1.0}, {}, {"b": 1.5}]
