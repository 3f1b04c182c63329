"""Messages between processes: numbers as JSON and arrays as raw bytes. Nothing in them is executed or unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..checkpoints.array_file import DTYPES, Array


class Unreadable(Exception):
    """The bytes are no message."""


@dataclass(frozen=True, slots=True)
class ProcessMessage:
    """One message.

    Attributes:
      numbers: anything that JSON can hold.
      arrays: arrays by name, of the types that checkpoints store.
    """

    numbers: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def encoded(self) -> list[bytes]:
        """Returns the message as bytes, in parts: length of the head, head, arrays."""
        arrays = {name: np.ascontiguousarray(value) for name, value in self.arrays.items()}
        shapes = {name: [value.dtype.name, *np.shape(self.arrays[name])] for name, value in arrays.items()}
        head = json.dumps({"numbers": self.numbers, "arrays": shapes}).encode()
        return [len(head).to_bytes(8, "big"), head, *(value.tobytes() for value in arrays.values())]

    @classmethod
    def decoded(cls, data: bytes | bytearray) -> ProcessMessage:
        """Reads a message; its arrays are views of ``data``.

        Raises:
          Unreadable: it is none.
        """
        view, start = memoryview(data), 8
        try:
            head = json.loads(bytes(view[8 : (start := 8 + int.from_bytes(view[:8], "big"))]))
            arrays = {}
            for name, (dtype, *shape) in head["arrays"].items():
                size = int(np.prod(shape, dtype=np.int64)) * DTYPES[dtype].itemsize
                arrays[name] = np.frombuffer(view[start : start + size], DTYPES[dtype]).reshape(shape)
                start += size
            numbers = dict(head["numbers"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"no message: {type(error).__name__}") from error
        if start != len(data):
            raise Unreadable("the message is longer or shorter than it says")
        return cls(numbers, arrays)
