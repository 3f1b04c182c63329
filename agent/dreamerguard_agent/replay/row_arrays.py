"""Arrays [S, R, ...] of S streams of R rows, in memory or in a file, that are read and written a few rows at a time."""

from __future__ import annotations

import ctypes
import errno
import math
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..checkpoints.errors import NotSaved

Array = npt.NDArray[Any]


class RowShape(NamedTuple):
    """The shape of an array of rows.

    Attributes:
      streams: S; rows: R.
      shape: of one value.
      dtype: type of the values.
    """

    streams: int
    rows: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of one stream."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def bytes(self) -> int:
        """Bytes of the whole array."""
        return self.streams * self.rows * self.row_bytes


class RowArray(Protocol):
    """An array of rows. Consecutive rows are read and written together; no call wraps around the end of a stream."""

    def read(self, stream: int, row: int, out: Array) -> None:
        """Copies rows from ``row`` on into ``out``, [n, ...]."""

    def write(self, stream: int, row: int, values: Array) -> None:
        """Replaces rows from ``row`` on by ``values``, [n, ...] of the type of the array."""

    def write_all(self, row: int, values: Array) -> None:
        """Replaces one row of every stream by ``values``, [S, ...] of the type of the array."""

    def close(self) -> None:
        """Releases the memory or the file."""


#: Errors of a file that cannot be reserved; others mean that the file system has no such function.
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

#: Creates an array of zeros.
MakeRows = Callable[[RowShape], RowArray]


class MemoryRows:
    """Rows in host memory. Pages that were never written take no memory."""

    def __init__(self, shape: RowShape) -> None:
        self._values = np.zeros((shape.streams, shape.rows, *shape.shape), shape.dtype)

    def read(self, stream: int, row: int, out: Array) -> None:
        """Copies rows."""
        out[...] = self._values[stream, row : row + len(out)]

    def write(self, stream: int, row: int, values: Array) -> None:
        """Replaces rows."""
        self._values[stream, row : row + len(values)] = values

    def write_all(self, row: int, values: Array) -> None:
        """Replaces one row of every stream."""
        self._values[:, row] = values

    def close(self) -> None:
        """Does nothing: the memory is released with the array."""


class FileRows:
    """Rows in a file without a name, which disappears with the process, however that ends.

    The file is read and written, not mapped: a failing disk then raises an error, and does not end the process with
    SIGBUS. It takes no memory of the process. The system keeps recently used parts in its page cache, as it sees fit.

    Args:
      shape: shape of the array.
      folder: where the file lies.

    Raises:
      NotSaved: there is not enough space, or the file cannot be made.
    """

    def __init__(self, shape: RowShape, folder: Path) -> None:
        self._shape, self._folder = shape, folder
        try:
            with ExitStack() as failing:
                self._file = failing.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
                _reserve(self._file.fileno(), shape.bytes)
                failing.pop_all()
        except OSError as error:
            raise self._failure("made", error) from error

    def read(self, stream: int, row: int, out: Array) -> None:
        """Copies rows.

        Raises:
          NotSaved: the disk failed.
        """
        left, offset = _bytes_of(out), self._offset(stream, row)
        try:
            while len(left):
                count = os.preadv(self._file.fileno(), [left], offset)
                if not count:
                    raise OSError(0, "the file is shorter than it was made")
                left, offset = left[count:], offset + count
        except OSError as error:
            raise self._failure("read", error) from error

    def write(self, stream: int, row: int, values: Array) -> None:
        """Replaces rows.

        Raises:
          NotSaved: the disk failed.
        """
        left, offset = _bytes_of(np.ascontiguousarray(values)), self._offset(stream, row)
        try:
            while len(left):
                count = os.pwrite(self._file.fileno(), left, offset)
                left, offset = left[count:], offset + count
        except OSError as error:
            raise self._failure("written", error) from error

    def write_all(self, row: int, values: Array) -> None:
        """Replaces one row of every stream.

        Raises:
          NotSaved: the disk failed.
        """
        for stream in range(self._shape.streams):
            self.write(stream, row, values[stream : stream + 1])

    def close(self) -> None:
        """Closes the file, which removes it."""
        with suppress(OSError):
            self._file.close()

    def _offset(self, stream: int, row: int) -> int:
        return (stream * self._shape.rows + row) * self._shape.row_bytes

    def _failure(self, verb: str, error: OSError) -> NotSaved:
        return NotSaved(
            f"the replay on disk cannot be {verb} in {self._folder}: {(error.strerror or str(error)).lower()}. The last"
            " checkpoint stays. Free space there, or set another replay.scratch or replay.storage; then run the same"
            " command again"
        )


def _bytes_of(values: Array) -> memoryview:
    flat: Any = values.reshape(-1).view(np.uint8)
    return memoryview(flat)


def _reserve(file: int, size: int) -> None:
    """Gives a file its size, and its space on the disk where the file system can reserve it.

    Raises:
      OSError: there is not enough space.
    """
    os.ftruncate(file, size)
    with suppress(AttributeError):
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate64
        fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
        if size and fallocate(file, 0, 0, size) and ctypes.get_errno() in _NO_SPACE:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
