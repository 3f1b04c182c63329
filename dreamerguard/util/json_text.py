"""Reads JSON from untrusted files."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

#: Largest number of digits of a whole number that is kept exactly.
_DIGITS = 300

#: Bytes from which a text is worth the import of the faster parser.
_LONG = 1 << 14

#: More than `_DIGITS` digits in a row, seen in every tenth byte. Fewer may look like them, but never the other way.
_MANY_DIGITS = re.compile(rb"\d{%d}" % (_DIGITS // 10))


def read_json(text: str | bytes) -> Any:
    """Parses a JSON text. A whole number that is too long for a float becomes infinity.

    Raises:
      ValueError: the text is not valid JSON, or is nested too deeply.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_long_json(text: bytes) -> Any:
    """Parses a JSON text as `read_json` does; a long one several times as fast.

    The parser of pydantic reads every text that it accepts as `json` does, apart from very long whole numbers. It
    refuses a few texts that `json` accepts, such as lone surrogates.

    Raises:
      ValueError: see `read_json`.
    """
    if (len(text) >= _LONG or "pydantic_core" in sys.modules) and not _MANY_DIGITS.search(text[::10]):
        from pydantic_core import from_json

        with suppress(ValueError):
            return from_json(text)
    return read_json(text)


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
