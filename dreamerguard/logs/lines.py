"""Finds lines in blocks of bytes without splitting the blocks."""

from __future__ import annotations

import re
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
