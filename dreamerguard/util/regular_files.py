"""Opens files that another user may have put there: never waits, and reads nothing but regular files.

Opening a FIFO waits for a writer, and opening a device can act on it. Both are refused before they are opened.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

#: Not every system has these flags.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)


class NotRegular(OSError):
    """The path is a directory, a FIFO, a socket or a device."""


def open_regular(path: Path) -> io.FileIO:
    """Opens a regular file, or a link to one, for reading without a buffer.

    Raises:
      NotRegular: the path is something else.
      OSError: the file is missing or cannot be opened.
    """
    require_regular(path.stat())
    return io.FileIO(path, "rb", opener=_open)


def read_regular(path: Path, most: int) -> bytes:
    """Returns the first ``most`` bytes of a regular file; see `open_regular` for errors."""
    with open_regular(path) as file:
        return file.read(min(most, os.fstat(file.fileno()).st_size))


def require_regular(status: os.stat_result) -> None:
    """Raises NotRegular unless the status is that of a regular file."""
    if not stat.S_ISREG(status.st_mode):
        what = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "no file")
        raise NotRegular(errno.EINVAL, f"{what}, not a file")


def why_unreadable(error: OSError) -> str:
    """Returns a short reason for people, without the path."""
    if isinstance(error, PermissionError):
        return "no permission"
    if error.errno == errno.ELOOP:
        return "a link that leads back to itself"
    return error.strerror or str(error)


def _open(path: str, _flags: int) -> int:
    descriptor = os.open(path, _FLAGS)
    try:
        require_regular(os.fstat(descriptor))
    except NotRegular:
        os.close(descriptor)
        raise
    return descriptor
