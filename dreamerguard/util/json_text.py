"""Reads JSON from untrusted files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

#: Largest number of digits of a whole number that is kept exactly.
_DIGITS = 300


def read_json(text: str | bytes) -> Any:
    """Parses a JSON text. A whole number that is too long for a float becomes infinity.

    Raises:
      ValueError: the text is not valid JSON, or is nested too deeply.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def json_objects(lines: Iterable[str] | Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yields the objects among lines of JSON. Other lines, such as the cut last one of a killed run, are skipped."""
    for line in lines:
        try:
            found = read_json(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def _whole(text: str) -> float:
    return int(text) if len(text) <= _DIGITS else float(text)
