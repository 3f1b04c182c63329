"""The checksum of TensorBoard's record files: CRC-32C (Castagnoli), masked."""

from __future__ import annotations

import struct
from functools import cache

_POLYNOMIAL = 0x82F63B78


def masked_crc(data: bytes, *, many: bool = False) -> int:
    """Returns the CRC-32C of the bytes, masked as record files store it.

    Args:
      data: bytes to check.
      many: whether to make larger tables, which pays off only for many bytes.
    """
    crc, start = 0xFFFFFFFF, 0
    if many:
        low, high = _double_tables()
        start = len(data) & ~3
        for word in struct.unpack_from(f"<{start >> 2}I", data):
            crc ^= word
            crc = low[crc & 0xFFFF] ^ high[crc >> 16]
    table = _table()
    for byte in data[start:]:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    rows = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


@cache
def _double_tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns what the lower and the upper two bytes of four contribute to the checksum after these four bytes."""
    one = _table()
    high = [one[(first := one[v & 0xFF] ^ (v >> 8)) & 0xFF] ^ (first >> 8) for v in range(1 << 16)]
    return tuple(high[v & 0xFFFF] ^ (v >> 16) for v in high), tuple(high)
