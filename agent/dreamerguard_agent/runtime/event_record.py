"""The format of TensorBoard's event files: records with checksums."""

from __future__ import annotations

import struct


def event_record(data: bytes) -> bytes:
    """Returns a serialized event as a record: length, checksum of the length, data, checksum of the data."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc32c(head)) + data + struct.pack("<I", masked_crc32c(data))
