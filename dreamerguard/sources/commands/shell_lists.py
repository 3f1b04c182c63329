"""Lists the words of ``{1..4}``, ``{a,b}`` and ``$(seq 1 4)`` where they are a whole word of a script."""

from __future__ import annotations

import re

_BRACES = re.compile(
    r"\{(?P<items>[\w.+-]*(?:,[\w.+-]*)+)\}|\{(?P<first>-?\d{1,6})\.\.(?P<last>-?\d{1,6})(?:\.\.(?P<step>-?\d{1,6}))?\}"
)
_SEQ = re.compile(
    r"\$\(\s*seq\s+(-?\d{1,6})(?:\s+(-?\d{1,6}))?(?:\s+(-?\d{1,6}))?\s*\)|`\s*seq\s+(-?\d{1,6})\s+(-?\d{1,6})\s*`"
)
_PADDED = re.compile(r"-?0\d")
_MOST = 200


def listed_words(text: str) -> list[str] | None:
    """Returns the words; None if a text is no such list, or is too long."""
    if text[:1] not in "{$`":
        return None
    braces = _BRACES.fullmatch(text)
    if braces is not None and braces["items"] is not None:
        return [item for item in braces["items"].split(",") if item]
    if braces is not None:
        first, last = int(braces["first"]), int(braces["last"])
        step = abs(int(braces["step"] or 1)) or 1
        padded = _PADDED.match(braces["first"]) or _PADDED.match(braces["last"])
        return None if padded else _range(first, last, step if first <= last else -step)
    seq = _SEQ.fullmatch(text)
    if seq is None:
        return None
    numbers = [int(item) for item in seq.groups() if item is not None]
    first, step, last = {1: (1, 1, numbers[-1]), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers), numbers[:3])
    return _range(first, last, step) if step else None


def _range(first: int, last: int, step: int) -> list[str] | None:
    numbers = range(first, last + (1 if step > 0 else -1), step)
    return [str(number) for number in numbers] if len(numbers) <= _MOST else None
