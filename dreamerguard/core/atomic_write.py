"""Writes a file whole or not at all."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.util.replace_file import replace_file

from .source import SourceError


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replaces the content of a file that the user named. A link stays a link, and permissions stay as they are.

    For files in a run directory, use `replace_file`: it follows no link that another user may have put there.

    Args:
      path: file to write.
      data: new content.
      durable: whether to wait until the content is on the disk.

    Raises:
      SourceError: the file cannot be written.
    """
    try:
        replace_file(path.resolve(), data, durable=durable)
    except OSError as error:
        raise SourceError(f"cannot write {str(path)!r}: {error.strerror}") from error
