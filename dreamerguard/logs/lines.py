"""Finds lines in blocks of bytes without splitting the blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

#: A line end with the blank lines after it.
_BLANK = re.compile(rb"\n\s+")


def lines_with(block: bytes, word: bytes) -> list[bytes]:
    """Returns the lines of a block that contain a text."""
    found, at = [], 0
    while (hit := block.find(word, at)) >= 0:
        start, end = block.rfind(b"\n", at, hit) + 1, block.find(b"\n", hit)
        end = len(block) if end < 0 else end
        found.append(block[max(start, at) : end])
        at = end + 1
    return found


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


@cache
def flat_line(x: str, key: str) -> re.Pattern[bytes]:
    """Returns a pattern of a flat JSON object with the step first and a score, which gives both as text."""
    number = rb"(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    return re.compile(
        rb'^\{"'
        + re.escape(x).encode()
        + rb'": ?'
        + number
        + rb",[^\n]*?"
        + rb'"'
        + re.escape(key).encode()
        + rb'": ?'
        + number
        + rb"[,}]",
        re.MULTILINE,
    )
