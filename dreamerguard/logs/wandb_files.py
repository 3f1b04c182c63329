"""Reads the ``run-*.wandb`` file of a W&B run, offline or synced, without the package wandb.

The file is a log of LevelDB: 7 bytes ``:W&B``, 0xBEE1, version 0; then blocks of 32 KiB, counted from the start of the
file, with records: CRC-32 (4 bytes, of type and data), length (2), type (1: whole, 2: first, 3: middle, 4: last part).
A record is a protocol buffer ``Record``: history in field 2, config in 5, run in 17 (with its config in field 4).
Items of a history have a key (1) or the parts of a nested key (2), and a value as JSON (16); its step is field 2,
``num`` 1. https://github.com/google/leveldb/blob/main/doc/log_format.md, wandb/wandb 0.31.0 (``wandb_internal.proto``).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from .packed_rows import Row, packed_rows
from .protobuf import fields
from .tail import Tail

_HEADER = b":W&B\xe1\xbe\x00"
_BLOCK, _HEAD = 32 << 10, 7
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HISTORY, _CONFIG, _RUN = 2, 5, 17
#: Longest record that is read: longer ones hold media.
_LONGEST = 4 << 20
#: Longest value of a history that can be a number.
_NUMBER = 40
#: Bytes of new records up to which all are read. Of a longer backlog, all scores are read, and other rows of so many.
_BACKLOG, _SAMPLED = 16 << 20, 4 << 20


class WandbRecords:
    """Takes the blocks of a file apart.

    Attributes:
      config: the configuration so far.
      damaged: number of records, or rests of blocks, that do not match their checksum; they are left out.
    """

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.damaged = 0
        self._parts: list[bytes] = []
        self._inside = False
        self._count = 0

    def read(
        self, data: bytes, at: int, *, whole: bool, wanted: re.Pattern[bytes], every: int
    ) -> tuple[int, list[Row]]:
        """Returns the number of used bytes and the rows in a part of one block.

        Args:
          data: the bytes from a position on, at most to the end of its block.
          at: the position.
          whole: whether the data reach the end of the block.
          wanted: records that match are always read; of the others one in ``every``.
        """
        rows: list[Row] = []
        used = _HEAD if at == 0 else 0
        while len(data) - used >= _HEAD:
            end = _end_of_record(data, used)
            if _is_sound(data, used):
                row = self._part(data[used + _HEAD - 1], data[used + _HEAD : end], wanted, every)
                rows += [row] if row else []
                used = end
                continue
            follows = end <= len(data) and _is_sound(data, end)
            if not follows and not whole:
                return used, rows  # it is still being written
            self.damaged += any(data[used:])
            self._parts, self._inside = [], False
            used = end if follows else len(data)
        return (len(data) if whole else used), rows

    def _part(self, kind: int, data: bytes, wanted: re.Pattern[bytes], every: int) -> Row | None:
        if kind in (_WHOLE, _FIRST):
            self._parts, self._inside = [], True
        if not self._inside:  # its beginning is damaged
            return None
        if sum(map(len, self._parts)) + len(data) > _LONGEST:
            self._parts, self._inside = [], False
            return None
        self._parts.append(data)
        if kind in (_FIRST, _MIDDLE):
            return None
        record, self._parts, self._inside = b"".join(self._parts), [], False
        if every > 1 and not wanted.search(record):
            self._count += 1
            if self._count % every:
                return None
        try:
            return self._record(record)
        except (IndexError, ValueError, UnicodeDecodeError, RecursionError):
            self.damaged += 1
            return None

    def _record(self, data: bytes) -> Row | None:
        for number, value in fields(data):
            if not isinstance(value, bytes):
                continue
            if number == _HISTORY:
                return _row(value)
            if number == _CONFIG:
                self._configure(value)
                return None
            if number == _RUN:
                for part, content in fields(value):
                    if part == 4 and isinstance(content, bytes):
                        self._configure(content)
                return None
        return None

    def _configure(self, data: bytes) -> None:
        for number, item in fields(data):
            if number == 1 and isinstance(item, bytes):
                name, text = _item(item)
                self.config[name] = json.loads(text)


def _row(data: bytes) -> Row:
    row: Row = {}
    for number, value in fields(data):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            name, text = _item(value)
            if len(text) <= _NUMBER and (figure := _figure(text)) is not None:
                row[name] = figure
        elif number == 2:
            row.setdefault("_step", float(next((v for n, v in fields(value) if n == 1 and isinstance(v, int)), 0)))
    return row


def _item(data: bytes) -> tuple[str, bytes]:
    key, nested, text = "", [], b""
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


def _end_of_record(data: bytes, at: int) -> int:
    return at + _HEAD + int.from_bytes(data[at + 4 : at + 6], "little")


def _is_sound(data: bytes, at: int) -> bool:
    """Returns whether a whole record of a known type with the right checksum begins at a position."""
    end = _end_of_record(data, at)
    if at + _HEAD > len(data) or end > len(data) or not _WHOLE <= data[at + _HEAD - 1] <= _LAST:
        return False
    return zlib.crc32(data[at + _HEAD - 1 : end]) == int.from_bytes(data[at : at + 4], "little")


class WandbTail(Tail):
    """Yields the rows of a growing ``.wandb`` file as JSON lines.

    Args:
      tail: path of the file.
    """

    records: WandbRecords
    lines_of: Callable[[Row], Iterable[str]]
    wanted: re.Pattern[bytes]

    def prepare(self, lines_of: Callable[[Row], Iterable[str]], wanted: Iterable[str]) -> None:
        """Sets how a row becomes lines, and the keys whose rows are always read."""
        self.records, self.lines_of = WandbRecords(), lines_of
        self.wanted = re.compile(b"|".join(re.escape(key.encode()) for key in wanted) or rb"(?!)")

    def blocks(self) -> Iterator[bytes]:
        """Yields blocks of JSON lines."""
        with self.opened() as opened:
            if opened is None:
                return
            file, end = opened
            if self.offset == 0:
                self.records = WandbRecords()
            yield from packed_rows(self._rows(file, end), self.lines_of)

    def _rows(self, file: BinaryIO, end: int) -> Iterator[list[Row]]:
        backlog = end - self.offset
        every = backlog // _SAMPLED if backlog > _BACKLOG else 1
        while self.offset < end:
            start = self.offset
            stop = min((start // _BLOCK + 1) * _BLOCK, end)
            data = file.read(stop - start)
            whole = (start + len(data)) % _BLOCK == 0
            used, rows = self.records.read(data, start, whole=whole, wanted=self.wanted, every=every)
            if not used:
                return
            self.taken += used
            self.advance(data[:used])
            file.seek(self.offset)
            yield rows

    def rest(self, most: int = 4096) -> bytes:
        """Returns nothing: an unfinished record is waited for."""
        return b""


def is_wandb(head: bytes) -> bool:
    """Returns whether bytes are the start of a ``.wandb`` file."""
    return head.startswith(_HEADER)


def first_rows(data: bytes) -> tuple[dict[str, Any], list[Row]]:
    """Returns the configuration and the rows in the start of a file."""
    records, rows = WandbRecords(), []
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        whole = len(block) == _BLOCK
        rows += records.read(block, start, whole=whole, wanted=re.compile(b""), every=1)[1]
    return records.config, rows
