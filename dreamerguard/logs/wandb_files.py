"""Reads the ``run-*.wandb`` file of a W&B run, offline or synced, without the package wandb.

The file is a log of LevelDB: 7 bytes ``:W&B``, 0xBEE1, version 0; then blocks of 32 KiB, counted from the start of the
file, with records: CRC-32 (4 bytes, of type and data), length (2), type (1: whole, 2: first, 3: middle, 4: last part).
A record is a protocol buffer ``Record``: history in field 2, config in 5, run in 17 (with its config in field 4).
Items of a history have a key (1) or the parts of a nested key (2), and a value as JSON (16); its step is field 2,
``num`` 1. https://github.com/google/leveldb/blob/main/doc/log_format.md, wandb/wandb 0.31.0 (``wandb_internal.proto``).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO
from zlib import crc32

from .hits import Hits, Record
from .parts import PART, Parts
from .protobuf import fields
from .row_blocks import REMARKABLE, Row, RowBlock, Wanted, spaced
from .tail import Tail
from .wandb_rows import ScoreFinder, history_in, item_of, whole_row
from .wandb_shapes import Shapes

_HEADER = b":W&B\xe1\xbe\x00"
_BLOCK, _HEAD = 32 << 10, 7
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CONFIG, _RUN = 5, 17
#: Longest record that is read: longer ones hold media.
_LONGEST = 4 << 20
#: Rows in the start of a file that are read to recognise its program.
_FIRST_ROWS = 300
#: Checksum, length and type of a record.
_head = struct.Struct("<IHB").unpack_from
#: What a history that is not as documented raises.
_BROKEN = (IndexError, ValueError, UnicodeDecodeError, RecursionError)


class WandbRecords:
    """Takes the blocks of a file apart.

    Attributes:
      damaged: number of records, or rests of blocks, that do not match their checksum; they are left out.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._parts: list[bytes] = []
        self._inside = False

    def read(self, data: bytes, at: int) -> tuple[int, list[Record]]:
        """Returns the number of used bytes and the whole records.

        Args:
          data: the bytes from a position on, to the end of a block or of the file.
          at: the position.
        """
        found: list[Record] = []
        used = min(_HEAD, len(data)) if at == 0 else 0
        while used < len(data):
            stop = used + _BLOCK - (at + used) % _BLOCK
            whole = stop <= len(data)
            used = self._block(data, used, min(stop, len(data)), whole, found)
            if not whole:
                break
        return used, found

    def forget(self) -> None:
        """Drops the parts of an unfinished record, because the next bytes do not follow it."""
        self._parts, self._inside = [], False

    def _block(self, data: bytes, at: int, stop: int, whole: bool, found: list[Record]) -> int:
        """Adds the records up to the end of a block, or of the data in it. Returns the position after the last one."""
        while stop - at >= _HEAD:
            check, length, kind = _head(data, at)
            end = at + _HEAD + length
            if end <= stop and _WHOLE <= kind <= _LAST and crc32(data[at + 6 : end]) == check:
                if kind == _WHOLE:
                    self._inside = False
                    found.append((data, at + _HEAD, end))
                else:
                    self._part(kind, data[at + _HEAD : end], found)
                at = end
                continue
            follows = end <= stop and _is_sound(data, end, stop)
            if not follows and not whole:
                return at  # it is still being written
            self.damaged += any(data[at:stop])
            self.forget()
            at = end if follows else stop
        return stop if whole else at

    def _part(self, kind: int, data: bytes, found: list[Record]) -> None:
        if kind == _FIRST:
            self._parts, self._inside = [], True
        if not self._inside:  # its beginning is damaged
            return
        if sum(map(len, self._parts)) + len(data) > _LONGEST:
            self.forget()
            return
        self._parts.append(data)
        if kind == _LAST:
            record, self._parts, self._inside = b"".join(self._parts), [], False
            found.append((record, 0, len(record)))


def _is_sound(data: bytes, at: int, stop: int) -> bool:
    """Returns whether a whole record of a known type with the right checksum begins at a position."""
    if at + _HEAD > stop:
        return False
    check, length, kind = _head(data, at)
    end = at + _HEAD + length
    return bool(end <= stop and _WHOLE <= kind <= _LAST and crc32(data[at + 6 : end]) == check)


class WandbTail(Tail):
    """Yields the rows of a growing ``.wandb`` file."""

    records: WandbRecords
    wanted: Wanted

    def prepare(self, wanted: Wanted) -> None:
        """Sets the columns to look for."""
        self.records, self.wanted = WandbRecords(), wanted
        self._finder, self._shapes = ScoreFinder(wanted), Shapes(wanted)
        self._scores = _shortest(wanted.scores)
        self._evaluations = (wanted.evaluations.encode(),) if wanted.evaluations else ()

    def row_blocks(self, rows_per_byte: float) -> Iterator[RowBlock]:
        """Yields blocks with all scores of the appended records; of a long backlog, of evenly spaced parts and the end.

        Args:
          rows_per_byte: how many rows are read whole, for each byte that is read; at least one in a block.
        """
        with self.opened() as opened:
            if opened is None:
                return
            file, end = opened
            if self.offset == 0:
                self.records = WandbRecords()
            parts = Parts(self.offset, end, self.stride(end))
            while self.offset < end:
                if (position := parts.next(self.offset)) > self.offset:
                    self.pass_over(file, position)
                    self.records.forget()
                read = self._part(file, end)
                if read is None:
                    return
                data, records = read
                yield self._rows(data, records, round(rows_per_byte * len(data)) + 1)

    def _part(self, file: BinaryIO, end: int) -> tuple[bytes, list[Record]] | None:
        start = self.offset
        stop = min((start // PART + 1) * PART, end)
        data = file.read(stop - start)
        used, records = self.records.read(data, start)
        if not used:
            return None
        self.taken += used
        self.advance(data[:used])
        file.seek(self.offset)
        return data, records

    def _rows(self, data: bytes, records: list[Record], quota: int) -> RowBlock:
        block, hits = RowBlock(), Hits(data, records)
        whole = {*spaced(len(records), quota), *hits.holding(self._evaluations)}
        whole.update(islice(hits.holding(REMARKABLE), quota))
        add_scores = self._shapes.add_scores
        for number in sorted(whole.union(hits.holding(self._scores))):
            record = records[number]
            if number in whole or not add_scores(block, record):
                self._read(block, *record, all_of_it=number in whole)
        return block

    def _read(self, block: RowBlock, source: bytes, start: int, end: int, *, all_of_it: bool) -> None:
        try:
            found = history_in(source, start, end)
            if found is None:
                return
            if all_of_it:
                block.add(whole_row(source[slice(*found)]), self.wanted)
            else:
                self._shapes.learn(source[slice(*found)])
                block.add_scores(self._finder.row(source, *found), self.wanted)
        except _BROKEN:
            self.records.damaged += 1

    def rest(self, most: int = 4096) -> bytes:
        """Returns nothing: an unfinished record is waited for."""
        return b""


def is_wandb(head: bytes) -> bool:
    """Returns whether bytes are the start of a ``.wandb`` file."""
    return head.startswith(_HEADER)


def first_rows(data: bytes, likely: Iterable[str]) -> tuple[dict[str, Any], list[Row]]:
    """Returns the configuration and some rows in the start of a file.

    Args:
      data: the bytes.
      likely: keys; the first rows with one of them are among the rows.
    """
    config: dict[str, Any] = {}
    rows: list[Row] = []
    records = WandbRecords().read(data, 0)[1]
    found = islice(Hits(data, records).holding(_shortest(likely)), _FIRST_ROWS)
    for number in sorted({*range(min(len(records), _FIRST_ROWS)), *spaced(len(records), _FIRST_ROWS), *found}):
        source, start, end = records[number]
        try:
            history = history_in(source, start, end)
            if history is not None:
                rows.append(whole_row(source[slice(*history)]))
            else:
                _configure(config, source[start:end])
        except _BROKEN:
            continue
    return config, rows


def _shortest(keys: Iterable[str]) -> tuple[bytes, ...]:
    """Returns keys without those that hold another one."""
    names = {key.encode() for key in keys}
    return tuple(sorted(name for name in names if not any(other in name for other in names - {name})))


def _configure(config: dict[str, Any], record: bytes) -> None:
    for number, value in fields(record):
        if not isinstance(value, bytes) or number not in (_CONFIG, _RUN):
            continue
        items = [value] if number == _CONFIG else [v for n, v in fields(value) if n == 4 and isinstance(v, bytes)]
        for item in (v for data in items for n, v in fields(data) if n == 1 and isinstance(v, bytes)):
            name, text = item_of(item)
            config[name] = json.loads(text)
