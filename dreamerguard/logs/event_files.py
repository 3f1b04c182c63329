"""Reads scalars from TensorBoard event files without TensorBoard.

A file is a sequence of records: length (8 bytes, little endian), masked CRC-32C of the length (4), payload, masked
CRC-32C of the payload (4). The payload is a protocol buffer ``Event``: step in field 2, summary in field 5, whose
values (field 1) have a tag (1) and either a float (2) or a tensor (8) with one number; a start of the program in
field 7.
https://www.tensorflow.org/tutorials/load_data/tfrecord, tensorflow/core/util/event.proto and summary.proto.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from dataclasses import dataclass

from .checksum import masked_crc
from .event_sampling import HEAD as _HEAD
from .event_sampling import TAIL as _TAIL
from .event_sampling import EventSampler
from .protobuf import fields, varint

#: A longer record holds images or videos; it is skipped without being read. No record has 2 GiB: protobuf's limit.
LONG_RECORD, _IMPOSSIBLE = 64 << 10, 2 << 30

#: Bytes from which a file is long.
_MANY = 200_000

#: The tag of the scalar that stands for a start of the program: TensorBoard hides what was logged from its step on.
START = ""

#: The end of a length below 4 GiB: after its last byte that is not zero come four zeros or more.
_LENGTH = re.compile(rb"[^\0]\0{4,7}")
_STATUS_START = b"\x08\x01"


@dataclass(frozen=True, slots=True)
class EventScalar:
    """One scalar of an event file: its step, its tag and its value."""

    step: int
    tag: str
    value: float


@dataclass(slots=True)
class Reading:
    """The scalars found in a part of an event file.

    Attributes:
      scalars: scalars in the order of the file.
      used: bytes that need not be read again; the bytes after them are a record that is still being written.
      damaged: number of records whose payload does not match its checksum; they are left out.
      broken: number of lengths that do not match their checksum; reading goes on at the next sound record.
      long: bytes of the record after ``used`` if it is too long to hold scalars, 0 otherwise.
    """

    scalars: list[EventScalar]
    used: int = 0
    damaged: int = 0
    broken: int = 0
    long: int = 0


class EventReader:
    """Reads the records of one file in pieces.

    Args:
      wanted: tags of scores, whose records are always read.

    Attributes:
      searched: bytes in which no sound record was found since the last one.
    """

    def __init__(self, wanted: Collection[str] = ()) -> None:
        self.searched = 0
        self._lost = self._many = False
        self._lengths: dict[bytes, int] = {}
        self._sampler = EventSampler(wanted)

    def read(self, data: bytes, every: int = 1, most: int | None = None) -> Reading:
        """Returns the scalars of all complete records, up to a record that is incomplete or long.

        Args:
          data: all bytes of the file after those that were used before.
          every: of the records without a wanted tag, about one in so many is read and compared with its checksum.
          most: number of records with a wanted tag from which on only about so many, evenly spaced, are read; None
            for all.
        """
        found = Reading([])
        self._sampler.prepare(data, every, most)
        self._many = self._many or len(data) > _MANY
        while len(data) - found.used >= _HEAD:
            if self._lost:
                start, found.used = found.used, self._next_record(data, found.used)
                self.searched += found.used - start
                if self._lost:
                    break
                self.searched = 0
            found.used = self._sampler.pass_over(found.used, self._lengths)
            if len(data) - found.used < _HEAD:
                break
            head = data[found.used : found.used + _HEAD]
            length = self._lengths.get(head) or self._length(head)
            if length is None:
                found.broken += 1
                found.used += 1
                self._lost = True
            elif length > LONG_RECORD:
                found.long = _HEAD + length + _TAIL
                break
            elif found.used + _HEAD + length + _TAIL > len(data):
                break
            else:
                self._record(data, found, length)
        return found

    def _record(self, data: bytes, found: Reading, length: int) -> None:
        start = found.used + _HEAD
        end = start + length
        found.used = end + _TAIL
        if not self._sampler.takes(start, end):
            return
        payload = data[start:end]
        if self._sound(payload, data[end : found.used]):
            found.scalars += _event(payload)
        else:
            found.damaged += 1

    def _sound(self, payload: bytes, check: bytes) -> bool:
        return masked_crc(payload, many=self._many).to_bytes(_TAIL, "little") == check

    def _length(self, head: bytes) -> int | None:
        """Returns the length of a record; None if it does not match its checksum or is impossible."""
        known = self._lengths.get(head)
        if known is not None:
            return known
        length, check = struct.unpack("<QI", head)
        if masked_crc(head[:8]) != check or length >= _IMPOSSIBLE:
            return None
        if len(self._lengths) < 4096:
            self._lengths[head] = length
        return int(length)

    def _next_record(self, data: bytes, at: int) -> int:
        """Returns where the next sound record starts, or how far it was searched for; then it stays lost."""
        for hit in _LENGTH.finditer(data, at):
            for start in range(max(hit.start() - 3, at), hit.start() + 1):
                length = self._length(data[start : start + _HEAD]) if start + _HEAD <= len(data) else None
                if length is None:
                    continue
                end = start + _HEAD + length
                if length <= LONG_RECORD and end + _TAIL > len(data):
                    return start  # its content will tell
                if length > LONG_RECORD or self._sound(data[start + _HEAD : end], data[end : end + _TAIL]):
                    self._lost = False
                    return start
        return max(at, len(data) - _HEAD + 1)


def read_events(data: bytes) -> Reading:
    """Returns the scalars of all complete records."""
    return EventReader().read(data)


#: An event with one float, as most are: step, lengths of summary, value and tag, then tag and float.
_SIMPLE = re.compile(
    rb"(?:\x09.{8})?(?:\x10([\x80-\xff]{0,8}[\0-\x7f]))?\x2a(.)\x0a(.)\x0a(.)([\x20-\x7e]*)\x15(.{4})", re.DOTALL
)


def _event(data: bytes) -> list[EventScalar]:
    simple = _SIMPLE.fullmatch(data)
    if simple is not None:
        number, *lengths, tag, value = simple.groups()
        size = len(tag)
        if [length[0] for length in lengths] == [size + 9, size + 7, size] and size < 119:
            step = varint(number, 0)[0] if number else 0
            return [EventScalar(step, tag.decode(), struct.unpack("<f", value)[0])]
    return _any_event(data)


def _any_event(data: bytes) -> list[EventScalar]:
    step, values, started = 0, [], False
    try:
        for number, value in fields(data):
            if number == 2 and isinstance(value, int):
                step = value - (1 << 64) if value >= 1 << 63 else value
            elif number == 5 and isinstance(value, bytes):
                values += [found for n, v in fields(value) if n == 1 and isinstance(v, bytes) and (found := _value(v))]
            elif number == 7 and value == _STATUS_START:
                started = True
    except (IndexError, struct.error, UnicodeDecodeError):
        return []
    return [EventScalar(step, START, 0.0)] * started + [EventScalar(step, tag, figure) for tag, figure in values]


def _value(data: bytes) -> tuple[str, float] | None:
    tag, figure = "", None
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            tag = value.decode()
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            figure = struct.unpack("<f", value)[0]
        elif number == 8 and isinstance(value, bytes):
            figure = _tensor(value)
    return None if figure is None else (tag, float(figure))


def _tensor(data: bytes) -> float | None:
    """Returns the number in a tensor of one float32 or float64; None for anything else."""
    for number, value in fields(data):
        if number in (4, 5) and isinstance(value, bytes) and len(value) == 4:
            return float(struct.unpack("<f", value)[0])
        if number in (4, 6) and isinstance(value, bytes) and len(value) == 8:
            return float(struct.unpack("<d", value)[0])
    return None
