"""Reads a configuration file into a source text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Source, SourceError

#: Size limit of a run file. A run file has a few kilobytes; a larger file is not a run file.
MAX_BYTES = 1 << 20
_GIVEN: ContextVar[Mapping[Path, bytes] | None] = ContextVar("given contents", default=None)


@contextmanager
def given_contents(contents: Mapping[Path, bytes]) -> Iterator[None]:
    """Makes `read_source` return these contents, whether the files exist or not: an editor's unsaved texts.

    Args:
      contents: path -> content.
    """
    token = _GIVEN.set({path.resolve(): data for path, data in contents.items()})
    try:
        yield
    finally:
        _GIVEN.reset(token)


def _content(path: str | Path) -> bytes:
    given = _GIVEN.get()
    data = given.get(Path(path).resolve()) if given else None
    if data is not None:
        return data[: MAX_BYTES + 1]
    with open(path, "rb", opener=_open) as stream:
        return stream.read(MAX_BYTES + 1)


def _open(path: str, flags: int) -> int:
    """Opens a file without waiting for a writer: a FIFO that nobody writes to is empty, ``<(command)`` is read."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "set_blocking"):
        os.set_blocking(descriptor, True)
    return descriptor


def is_given(path: Path) -> bool:
    """Returns whether `given_contents` holds the content of a path."""
    given = _GIVEN.get()
    return given is not None and path.resolve() in given


def read_source(path: str | Path) -> tuple[Source, Problem | None]:
    """Returns the text of a file, and a problem if its content is too large or not text.

    Raises:
      SourceError: the file is missing, is a folder, or cannot be opened.
    """
    name = str(path)
    try:
        data = _content(path)
    except (OSError, ValueError) as error:
        raise SourceError(_unreadable(name, error)) from error
    if len(data) > MAX_BYTES:
        return _refused(name, "the file is larger than 1 MiB, so it is not a run file")
    if b"\x00" in data:
        return _refused(name, f"byte {data.index(0) + 1} is zero: this is a binary file, not text")
    try:
        return Source(name, data.decode("utf-8-sig")), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _refused(name, f"line {line} is not UTF-8 text; save the file as UTF-8")


def _refused(name: str, message: str) -> tuple[Source, Problem]:
    source = Source(name, "")
    return source, Problem("invalid-yaml", message, Label(source.span(0)))


def _unreadable(name: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"cannot read {name!r}: there is no such file"
    if isinstance(error, IsADirectoryError):
        return f"cannot read {name!r}: it is a folder; name a run file inside it"
    if isinstance(error, PermissionError):
        return f"cannot read {name!r}: permission denied"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot read {name!r}: {reason}"
