"""Reads scalars from TensorBoard event files without TensorBoard.

A file is a sequence of records: length (8 bytes, little endian), masked CRC-32C of the length (4), payload, masked
CRC-32C of the payload (4). The payload is a protocol buffer ``Event``: step in field 2, summary in field 5, whose
values (field 1) have a tag (1) and either a float (2) or a tensor (8) with one number.
https://www.tensorflow.org/tutorials/load_data/tfrecord, tensorflow/core/util/event.proto and summary.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache


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
      used: bytes of complete records; the bytes after them are a record that is still being written.
      broken: whether the bytes after ``used`` are not a valid record: the length does not match its checksum.
    """

    scalars: list[EventScalar]
    used: int
    broken: bool = False


def read_events(data: bytes) -> Reading:
    """Returns the scalars of all complete records."""
    found = Reading([], 0)
    while len(data) - found.used >= 12:
        head = data[found.used : found.used + 12]
        length, check = struct.unpack("<QI", head)
        if masked_crc(head[:8]) != check:
            found.broken = True
            break
        end = found.used + 12 + length
        if end + 4 > len(data):
            break
        found.scalars += _event(data[found.used + 12 : end])
        found.used = end + 4
    return found


def masked_crc(data: bytes) -> int:
    """Returns the CRC-32C (Castagnoli) of the bytes, masked as record files store it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _table()[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    rows = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


def _event(data: bytes) -> list[EventScalar]:
    step, values = 0, []
    try:
        for number, value in _fields(data):
            if number == 2 and isinstance(value, int):
                step = value - (1 << 64) if value >= 1 << 63 else value
            elif number == 5 and isinstance(value, bytes):
                values += [found for n, v in _fields(value) if n == 1 and isinstance(v, bytes) and (found := _value(v))]
    except (IndexError, struct.error, UnicodeDecodeError):
        return []
    return [EventScalar(step, tag, figure) for tag, figure in values]


def _value(data: bytes) -> tuple[str, float] | None:
    tag, figure = "", None
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            tag = value.decode()
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            figure = struct.unpack("<f", value)[0]
        elif number == 8 and isinstance(value, bytes):
            figure = _tensor(value)
    return None if figure is None else (tag, float(figure))


def _tensor(data: bytes) -> float | None:
    """Returns the number in a tensor of one float32 or float64; None for anything else."""
    for number, value in _fields(data):
        if number in (4, 5) and isinstance(value, bytes) and len(value) == 4:
            return float(struct.unpack("<f", value)[0])
        if number in (4, 6) and isinstance(value, bytes) and len(value) == 8:
            return float(struct.unpack("<d", value)[0])
    return None


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yields the number and the content of each field: an integer, or bytes for every other type."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind, len(data))
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
