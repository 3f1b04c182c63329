"""JSON that somebody else wrote."""

from __future__ import annotations

import json
from typing import Any

#: No float is larger than this many digits.
_DIGITS = 300


def read_json(text: str | bytes) -> Any:
    """The value of a text. A whole number that no float could hold becomes an infinite one.

    Raises:
      ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _whole(text: str) -> float:
    return int(text) if len(text) <= _DIGITS else float(text)
