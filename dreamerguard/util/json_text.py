"""Reads JSON from untrusted files."""

from __future__ import annotations

import json
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


def _whole(text: str) -> float:
    return int(text) if len(text) <= _DIGITS else float(text)
