"""Writes ``.wandb`` files as their format is documented: records of LevelDB's log with messages of protocol buffers."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

BLOCK, HEAD = 32 << 10, 7
HEADER = b":W&B" + struct.pack("<HB", 0xBEE1, 0)


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def item(key: str, value: Any, nested: bool = True) -> bytes:
    names = field(2, key.encode()) if nested else field(1, key.encode())
    return field(1, names + field(16, json.dumps(value).encode()))


def history(row: Mapping[str, Any], step: int) -> bytes:
    items = b"".join(item(key, value) for key, value in (row | {"_step": step}).items())
    return field(1, 7) + field(2, items + field(2, field(1, step)))


def run(config: Mapping[str, Any]) -> bytes:
    items = b"".join(item(key, value, nested=False) for key, value in config.items())
    return field(1, 2) + field(17, field(1, b"abc") + field(4, items))


def config(values: Mapping[str, Any]) -> bytes:
    return field(1, 3) + field(5, b"".join(item(key, value, nested=False) for key, value in values.items()))


def write_records(write: Callable[[bytes], object], records: Iterable[bytes]) -> None:
    """Writes records behind the header of a file, each split where a block of 32 KiB ends."""
    at = len(HEADER)
    for record in records:
        first = True
        while first or record:
            left = BLOCK - at % BLOCK
            if left < HEAD:
                write(bytes(left))
                at, left = at + left, BLOCK
            part, record = record[: left - HEAD], record[left - HEAD :]
            body = bytes([(1 if first else 4) if not record else (2 if first else 3)]) + part
            write(struct.pack("<IH", zlib.crc32(body), len(part)) + body)
            at, first = at + HEAD + len(part), False


def log_bytes(records: Iterable[bytes], start: bytes = HEADER) -> bytes:
    """The bytes of a file."""
    data = bytearray(start)
    write_records(data.extend, records)
    return bytes(data)


def write_wandb(folder: Path, records: Iterable[bytes], name: str = "run-abc.wandb") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(log_bytes(records))
    return folder / name
