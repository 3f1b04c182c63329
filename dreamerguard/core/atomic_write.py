"""Writes a file whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from dreamerguard.util.replace_file import replace_file

from .source import SourceError


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replaces the content of a file that the user named. A link stays a link, and permissions stay as they are.

    A device or a pipe, such as ``/dev/null``, is written to and not replaced by a file. For files in a
    run directory, use `replace_file`: it follows no link that another user may have put there.

    Args:
      path: file to write.
      data: new content.
      durable: whether to wait until the content is on the disk.

    Raises:
      SourceError: the file cannot be written.
    """
    try:
        if _takes_a_stream(path):
            _write_stream(path, data)
            return
        replace_file(path.resolve(), data, durable=durable)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise SourceError(f"cannot write {str(path)!r}: nobody reads from this pipe") from error
        raise SourceError(f"cannot write {str(path)!r}: {error.strerror}") from error


def _takes_a_stream(path: Path) -> bool:
    """Returns whether a path is neither a file nor a folder, but a device, a pipe or a socket."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _write_stream(path: Path, data: bytes) -> None:
    """Writes to a device or a pipe. Opening does not wait for a reader, writing does.

    Raises:
      OSError: it cannot be written; ENXIO, if nobody reads from the pipe.
    """
    handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "wb") as stream:
        os.set_blocking(handle, True)
        stream.write(data)
