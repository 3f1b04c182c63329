"""The memory that worker processes and their parent share: actions and resets one way, observations the other."""

from __future__ import annotations

import dataclasses
import math
import mmap
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...base.spaces import ArraySpace
from ..protocol import Array, Values

#: Alignment of every array in bytes, a cache line, so that processes do not slow each other down.
ALIGNMENT = 64


class SharedArrays:
    """Arrays [E, ...] in shared memory, with a layout that depends only on the spaces and E.

    The memory is a file without a name. It is freed when the last process that has it open ends, for any reason.

    Args:
      file: descriptor of the file, open for reading and writing; extended if it is too short.
      obs_space: observations of one environment.
      act_space: actions of one environment.
      count: environments, E.

    Raises:
      OSError: there is not enough memory for the file.
    """

    def __init__(
        self, file: int, obs_space: Mapping[str, ArraySpace], act_space: Mapping[str, ArraySpace], count: int
    ) -> None:
        fields = list(_fields(obs_space, act_space))
        sizes = [_padded(np.dtype(dtype).itemsize * count * math.prod(shape)) for _, _, dtype, shape in fields]
        if os.fstat(file).st_size < sum(sizes):
            _reserve(file, sum(sizes))
        self._memory = mmap.mmap(file, sum(sizes))
        self.actions: Values = {}
        self.values: Values = {}
        offset = 0
        for (group, key, dtype, shape), size in zip(fields, sizes, strict=True):
            array: Array = np.ndarray((count, *shape), dtype, self._memory, offset)
            (self.actions if group == "action" else self.values)[key] = array
            offset += size
        self.reset = self.actions.pop("reset")


def spaces_to_json(spaces: Mapping[str, ArraySpace]) -> dict[str, dict[str, Any]]:
    """Converts spaces to JSON; the inverse of `spaces_from_json`."""
    return {key: dataclasses.asdict(space) for key, space in spaces.items()}


def spaces_from_json(described: Mapping[str, Mapping[str, Any]]) -> dict[str, ArraySpace]:
    """Reads spaces from JSON."""
    return {key: ArraySpace(**{**fields, "shape": tuple(fields["shape"])}) for key, fields in described.items()}


def _fields(
    obs_space: Mapping[str, ArraySpace], act_space: Mapping[str, ArraySpace]
) -> Iterator[tuple[str, str, str, tuple[int, ...]]]:
    for key, space in act_space.items():
        yield "action", key, space.dtype, space.shape
    yield "action", "reset", "bool", ()
    for key, space in obs_space.items():
        yield "value", key, space.dtype, space.shape
    yield "value", "reward", "float32", ()
    for key in ("is_first", "is_last", "is_terminal"):
        yield "value", key, "bool", ()


def _reserve(file: int, size: int) -> None:
    """Gives a file its size and its memory. Without the memory, writing to it later would end the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.ftruncate(file, size)


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
