"""Reads rows from records of W&B's history, whole or only their scores.

Almost every item is short: tag 0x0A, its length, a key (tag 0x0A or 0x12, length, text), the tag 0x82 0x01 of the JSON
value, its length, its text, each length in one byte. Such items are found and checked by this form. A row with any
other item is read field by field. JSON text is UTF-8 without control characters, so it never holds the bytes of
an item.
"""

from __future__ import annotations

import re

from .protobuf import fields, varint
from .row_blocks import Row, Wanted

_HISTORY, _CONTROL, _INFO = 2, 16, 200
#: Longest value of a history that can be a number.
_NUMBER = 40
_VALUE = b"\x82\x01"
#: The end of every key of steps but torchrl's.
_ANY_STEP = b"step" + _VALUE
_RECORD = re.compile(rb"(?:\x08[\x80-\xff]{0,8}[\0-\x7f])?\x12([\x80-\xff]{0,3}[\0-\x7f])")
_ITEM = re.compile(
    rb"\x0a([\0-\x7f])[\x0a\x12]([\0-\x7f])([^\0-\x1f\x80-\xff]*)\x82\x01([\0-\x7f])([^\0-\x1f\x80-\xff]*)"
)


def history_in(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Returns where the history in a record starts and ends; None if the record is of another type.

    Raises:
      IndexError: see `fields`.
    """
    usual = _RECORD.match(data, start, end)
    if usual is not None:
        return usual.end(), min(usual.end() + varint(usual[1], 0)[0], end)
    at = start
    while at < end:
        key, at = varint(data, at)
        if key & 7 == 0:
            _, at = varint(data, at)
            continue
        if key & 7 != 2:
            return None
        size, at = varint(data, at)
        if key >> 3 == _HISTORY:
            return at, min(at + size, end)
        if key >> 3 not in (_CONTROL, _INFO):
            return None
        at += size
    return None


def whole_row(data: bytes) -> Row:
    """Returns the numbers of a history.

    Raises:
      IndexError, ValueError: its bytes are not as documented.
    """
    row: Row = {}
    at = 0
    for item in _ITEM.finditer(data):
        size, key_size, key, value_size, text = item.groups()
        if item.start() != at or key_size[0] != len(key) or size[0] != len(key) + len(text) + 5:
            return any_row(data)
        if value_size[0] != len(text):
            return any_row(data)
        at = item.end()
        if len(text) <= _NUMBER and (figure := _figure(text)) is not None:
            row[key.decode()] = figure
    return row | any_row(data[at:], row)


def item_keys(history: bytes) -> tuple[str, ...]:
    """Returns the keys of the items in a history in order; nothing if one is not of the usual form."""
    keys, at = [], 0
    for item in _ITEM.finditer(history):
        if item.start() != at or item[4][0] != len(item[5]):
            return ()
        at = item.end()
        keys.append(item[3].decode())
    return tuple(keys)


def any_row(data: bytes, known: Row | None = None) -> Row:
    """Returns the numbers of a history, read field by field; see `whole_row`.

    Args:
      data: the history, or a part of it.
      known: values of the other parts.
    """
    row: Row = {}
    for number, value in fields(data):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            name, text = item_of(value)
            if len(text) <= _NUMBER and (figure := _figure(text)) is not None:
                row[name] = figure
        elif number == 2 and "_step" not in row and "_step" not in (known or ()):
            row["_step"] = float(next((v for n, v in fields(value) if n == 1 and isinstance(v, int)), 0))
    return row


class ScoreFinder:
    """Finds the step and the scores of a history without reading its other items."""

    def __init__(self, wanted: Wanted) -> None:
        self._scores = [(key, _needle(key)) for key in wanted.scores]
        self._steps = [(key, _needle(key)) for key in wanted.steps]
        self._usual = [("_step", _needle("_step")), *self._steps]
        self._ends_in_step = wanted.x.endswith("step")

    def row(self, data: bytes, start: int, end: int) -> Row:
        """Returns the first step and the scores in a part of the data; see `whole_row` for errors."""
        row: Row = {}
        for key, needle in self._scores:
            at = data.find(needle, start, end)
            if at >= 0 and not _take(row, key, needle, data, at, start, end):
                return any_row(data[start:end])
        steps = self._steps
        if self._ends_in_step and data.count(_ANY_STEP, start, end) == 1:
            steps = self._usual
        for key, needle in steps:
            at = data.rfind(needle, start, end)
            if at >= 0:
                if _take(row, key, needle, data, at, start, end):
                    return row
                break
        return any_row(data[start:end])


def _needle(key: str) -> bytes:
    name = key.encode()
    return bytes([min(len(name), 127)]) + name + _VALUE


def _take(row: Row, key: str, needle: bytes, data: bytes, at: int, start: int, end: int) -> bool:
    """Puts the number of the item with a needle into a row. Returns whether the item has the usual form, and is one."""
    begin = at + len(needle)
    if at - 3 < start or begin >= end or data[at - 1] not in b"\x0a\x12" or data[at - 3] != 0x0A:
        return False
    size = data[begin]
    if data[at - 2] != len(needle) + size + 2 or begin + 1 + size > end:
        return False
    if data.find(needle, begin, end) >= 0 or data.find(needle, start, at) >= 0:
        return False
    figure = _figure(data[begin + 1 : begin + 1 + size]) if size <= _NUMBER else None
    if figure is None:
        return False
    row[key] = figure
    return True


def item_of(data: bytes) -> tuple[str, bytes]:
    """Returns the name and the JSON text of an item of a history or a configuration."""
    key, text = "", b""
    nested: list[str] = []
    for number, value in fields(data):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            key = value.decode()
        elif number == 2:
            nested.append(value.decode())
        elif number == 16:
            text = value
    return key or ".".join(nested), text


def _figure(text: bytes) -> float | None:
    """Returns the number in a JSON text; also one that is quoted, as NaN may be; None for anything else."""
    try:
        return float(text.strip(b'"'))
    except ValueError:
        return None
