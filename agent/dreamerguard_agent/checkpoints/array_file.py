"""Files of raw array bytes, with a SHA-256 for every entry. Nothing in them is ever executed or unpickled.

Links, pipes and devices are refused, so a file of an untrusted checkpoint cannot lead elsewhere or block.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from .errors import Damaged, NoSoundCheckpoint

Array = npt.NDArray[Any]

#: Types of stored arrays by name.
DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64",
    )
} | {"bfloat16": np.dtype(jnp.bfloat16)}  # fmt: skip
#: Entries begin at multiples of this, so that they can be mapped into memory.
_ALIGN = 64
#: Errors of reading that say nothing about the file.
_NO_DAMAGE = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT}
_BUFFER = 1 << 22


class Place(NamedTuple):
    """The place of an entry in its file.

    Attributes:
      offset: first byte.
      size: number of bytes.
      digest: SHA-256 of the bytes, 32 bytes.
    """

    offset: int
    size: int
    digest: bytes


class ArrayFile:
    """A new file to which arrays are appended. It must not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, 0
        self._places: list[Place] = []
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o644)

    def append(self, *arrays: Array) -> Place:
        """Writes arrays one after the other, as one entry.

        Raises:
          OSError: the bytes cannot be written.
        """
        self._write(bytes(-self.size % _ALIGN))
        offset, digest = self.size, hashlib.sha256()
        for array in arrays:
            data = as_bytes(array)
            digest.update(data)
            self._write(data)
        self._places.append(Place(offset, self.size - offset, digest.digest()))
        return self._places[-1]

    def finish(self) -> None:
        """Brings the file to the disk, reads it back and compares the checksums.

        Raises:
          OSError: the bytes cannot be written, or differ when they are read.
        """
        os.fsync(self._file)
        forget_cache(self._file)
        for place in self._places:
            try:
                check_place(self._file, place)
            except Damaged as error:
                raise OSError(f"bytes read back from {self.path.name} differ from those written: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)

    def _write(self, data: Any) -> None:
        view = memoryview(data)
        while len(view):
            written = os.write(self._file, view[: 1 << 26])
            view = view[written:]
            self.size += written


def as_bytes(array: Array) -> memoryview:
    """Returns the little-endian bytes of an array in C order."""
    plain = np.ascontiguousarray(array, DTYPES[array.dtype.name])
    return _view(plain.reshape(-1).view(np.uint8))


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Opens a regular file for reading; follows no link.

    Raises:
      Damaged: the file is missing, is no regular file, or its bytes cannot be read.
      NoSoundCheckpoint: it cannot be read for a reason that says nothing about it, such as missing rights.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _read_error(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Damaged(f"{path.name}: not a regular file")
        yield file
    except OSError as error:
        raise _read_error(path, error) from error
    finally:
        os.close(file)


def read_small(path: Path, most: int) -> bytes:
    """Reads a whole file of at most ``most`` bytes.

    Raises:
      Damaged: the file is larger, missing or cannot be read.
    """
    with opened(path) as file:
        size = os.fstat(file).st_size
        if size > most:
            raise Damaged(f"{path.name}: {size:,} bytes, more than the {most:,} that it may have")
        data = np.empty(size, np.uint8)
        read_into(file, 0, data)
        return data.tobytes()


def read_into(file: int, offset: int, data: Array) -> None:
    """Fills ``data``, uint8 [n], with the bytes at ``offset``.

    Raises:
      Damaged: the file ends earlier.
    """
    view, done = _view(data), 0
    while done < len(view):
        count = os.preadv(file, [view[done : done + (1 << 26)]], offset + done)
        if not count:
            raise Damaged(f"ends at byte {offset + done:,}, earlier than its entries")
        done += count


def check_place(file: int, place: Place) -> None:
    """Compares the checksum of an entry; uses little memory, whatever its size.

    Raises:
      Damaged: the checksum differs, or the file ends earlier.
    """
    if place.offset + place.size > (size := os.fstat(file).st_size):
        raise Damaged(f"{size:,} bytes, but an entry ends at byte {place.offset + place.size:,}")
    digest, buffer = hashlib.sha256(), _mapped(min(place.size, _BUFFER))
    for start in range(0, place.size, _BUFFER):
        part = buffer[: min(_BUFFER, place.size - start)]
        read_into(file, place.offset + start, part)
        digest.update(_view(part))
    if digest.digest() != place.digest:
        raise Damaged(f"checksum differs in bytes {place.offset:,} to {place.offset + place.size:,}")


def _mapped(size: int) -> Array:
    """Returns memory in separate pages, uint8 [size], that returns to the system at once when it is released.

    Every save has a new thread, and the C library gives new threads one of its heaps in turn. So a buffer from the heap
    would stay in each of them: up to 8 heaps per core.
    """
    return np.frombuffer(mmap.mmap(-1, max(size, 1)), np.uint8)[:size]


def forget_cache(file: int) -> None:
    """Asks the system to read the file from the disk next time. Without effect where that is not supported."""
    with suppress(OSError, AttributeError):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def sync_folder(path: Path) -> None:
    """Brings the names in a folder to the disk."""
    file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _read_error(path: Path, error: OSError) -> Exception:
    reason = "is a link" if path.is_symlink() else (error.strerror or str(error)).lower()
    if error.errno in _NO_DAMAGE:
        return NoSoundCheckpoint(f"the checkpoint cannot be read: {path}: {reason}. Nothing was changed")
    return Damaged(f"{path.name}: {reason}")


def _view(data: Array) -> memoryview:
    buffer: Any = data
    return memoryview(buffer)
