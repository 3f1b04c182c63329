"""Writes event files as programs do, without TensorBoard: any record, sound or not."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from dreamerguard.logs.checksum import masked_crc


def varint(value: int) -> bytes:
    """A whole number as protocol buffers store it."""
    found = b""
    while value >= 0x80:
        found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
    return found + bytes([value])


def record(payload: bytes) -> bytes:
    """A payload with its length and both checksums."""
    head = struct.pack("<Q", len(payload))
    return head + struct.pack("<I", masked_crc(head)) + payload + struct.pack("<I", masked_crc(payload))


def event(step: int, tag: str, value: float, wide: bool = False) -> bytes:
    """The record of one scalar, as float32 (PyTorch) or as a tensor of one float64 (TensorFlow)."""
    name = tag.encode()
    if wide:
        tensor = b"\x08\x02\x22\x08" + struct.pack("<d", value)
        body = b"\x42" + bytes([len(tensor)]) + tensor
    else:
        body = b"\x15" + struct.pack("<f", value)
    inner = b"\x0a" + bytes([len(name)]) + name + body
    summary = b"\x0a" + bytes([len(inner)]) + inner
    time = b"\x09" + struct.pack("<d", 1.7e9 + step)
    return record(time + b"\x10" + varint(step % 2**64) + b"\x2a" + bytes([len(summary)]) + summary)


def start(step: int) -> bytes:
    """The record of a start of the program at a step."""
    return record(b"\x10" + varint(step) + b"\x3a\x02\x08\x01")


def write_events(folder: Path, records: Iterable[bytes], name: str = "events.out.tfevents.1700000000.host.1") -> Path:
    """Appends records to an event file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("ab") as file:
        file.writelines(records)
    return path
