"""Finds lines in blocks of bytes without splitting the blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

from dreamerguard.util.json_text import read_json, read_long_json

#: A line end with the blank lines after it.
_BLANK = re.compile(rb"\n\s+")

#: Bytes that are searched for a text at once. CPython's search in longer ones is slower for a short text.
_WINDOW = 20_000

#: What is taken for a number, before it is parsed.
_NUMBER = rb"([-+.\deE]+)"

#: Bytes of a line that is compared with the others as a whole.
_LONGEST_LINE = 1 << 12


def lines_with(block: bytes, word: bytes) -> list[bytes]:
    """Returns the lines of a block that contain a text."""
    found: list[bytes] = []
    if not may_hold(block, word):
        return found
    at, size, over, find, rfind = 0, len(block), len(word) - 1, block.find, block.rfind
    while at < size:
        hit = find(word, at, at + _WINDOW + over)
        if hit < 0:
            at += _WINDOW
            continue
        start, end = rfind(b"\n", 0, hit) + 1, find(b"\n", hit)
        if end < 0:
            end = size
        found.append(block[start:end])
        at = end + 1
    return found


def may_hold(block: bytes, word: bytes) -> bool:
    """Returns whether a block has every letter of a text. A single letter is found many times as fast as a text."""
    return all(letter in block for letter in word)


def has_more_lines(block: bytes, count: int) -> bool:
    """Returns whether a block has more line feeds than so many."""
    at = -1
    for _ in range(count + 1):
        at = block.find(b"\n", at + 1)
        if at < 0:
            return False
    return True


def evenly_spaced(block: bytes, count: int, left_out: Callable[[bytes], bool]) -> dict[int, bytes]:
    """Returns about so many lines of a block by their positions, without those that are to be left out."""
    found: dict[int, bytes] = {}
    for number in range(count):
        end = block.find(b"\n", len(block) * (number + 1) // count - 2)
        for _ in range(64):  # back over lines that are left out
            start = block.rfind(b"\n", 0, max(end, 0)) + 1
            if end <= start or start in found:
                break
            if not left_out(block[start:end]):
                found[start] = block[start:end]
                break
            end = start - 1
    return found


def count_lines(block: bytes) -> int:
    """Returns the number of lines that are not blank."""
    text = block.strip()
    return _BLANK.sub(b"\n", text).count(b"\n") + bool(text)


def flat_columns(block: bytes, x: str, key: str) -> tuple[list[float], list[float]] | None:
    """Returns the numbers of two keys, if every line of a block is a flat JSON object with ``x`` first and both once.

    Args:
      block: whole lines, each with its line feed.
      x, key: the two keys.

    Returns:
      The two columns; None for any other block. What stands between the two numbers is not parsed.
    """
    parts = _parts_of_equal_lines(block, x, key) or _parts_of_lines(block, x, key)
    if parts is None:
        return None
    try:
        first, second = (read_long_json(b"[" + b",".join(parts[column::3]) + b"]") for column in (1, 2))
    except ValueError:
        return None
    return first, second


def _parts_of_equal_lines(block: bytes, x: str, key: str) -> list[bytes] | None:
    """Returns an empty text and the two numbers of every line in turn, if all lines have the keys of the first one."""
    line = block[: block.find(b"\n", 0, _LONGEST_LINE) + 1]
    try:
        row = read_json(line)
    except ValueError:
        return None
    names = tuple(row) if isinstance(row, dict) else ()
    if names[:1] != (x,) or key not in names[1:]:
        return None
    return _only_lines(_equal_line(names, key).split(block), block.count(b"\n"))


def _parts_of_lines(block: bytes, x: str, key: str) -> list[bytes] | None:
    """Returns the same for lines with different keys."""
    lines = block.count(b"{")
    names = [f'"{name}"'.encode() for name in (x, key)]
    if block.count(b"}\n") != lines or any(block.count(name) != lines for name in names):
        return None  # also with a name twice in a row, of which the last value counts
    return _only_lines(_flat_line(x, key).split(block), lines)


def _only_lines(parts: list[bytes], lines: int) -> list[bytes] | None:
    """Returns the parts of a split block, if there is one match for every line and nothing between them."""
    return parts if len(parts) == 3 * lines + 1 and not any(parts[::3]) else None


def number_columns(rows: Sequence[dict[str, Any]], x: str, key: str) -> tuple[list[float], list[float]] | None:
    """Returns the numbers of two keys; None if a row has no number for one of them."""
    try:
        first, second = [row[x] for row in rows], [row[key] for row in rows]
    except KeyError:
        return None
    return (first, second) if {*map(type, first), *map(type, second)} <= {int, float} else None


@cache
def _flat_line(x: str, key: str) -> re.Pattern[bytes]:
    """Returns a pattern of a line with the step first and a score. What it takes for numbers is still to be parsed."""
    names = (re.escape(name).encode() for name in (x, key))
    return re.compile(rb'\{"%b": ?%b,[^\n]*"%b": ?%b[,}][^\n]*\n' % (next(names), _NUMBER, next(names), _NUMBER))


@lru_cache(maxsize=64)
def _equal_line(names: tuple[str, ...], key: str) -> re.Pattern[bytes]:
    """Returns a pattern of a line with exactly these keys. Values without a comma are passed over at once."""
    wanted = {names[0], key}
    fields = (
        rb'"%b": ?%b' % (re.escape(json.dumps(name)[1:-1]).encode(), _NUMBER if name in wanted else rb"[^,]*+")
        for name in names[:-1]
    )
    last = _NUMBER if names[-1] == key else rb"[^,}]*+"
    final = rb'"%b": ?%b\}\n' % (re.escape(json.dumps(names[-1])[1:-1]).encode(), last)
    return re.compile(rb"\{" + rb", ?".join((*fields, final)))
