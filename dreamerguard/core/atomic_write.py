"""Writes a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .source import SourceError


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces the content of a file in one step. A link stays a link, and permissions stay as they are.

    Raises:
      SourceError: the file cannot be written.
    """
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise SourceError(f"cannot write {str(path)!r}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(_mode(target))
        Path(name).replace(target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise SourceError(f"cannot write {str(path)!r}: {error.strerror}") from error


def _mode(target: Path) -> int:
    """Returns the permissions of the file, or those of a new file if it does not exist."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
