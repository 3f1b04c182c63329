"""Makes the standard streams usable when they are closed, full or gone, as under daemons, cron and ended terminals.

A closed stream is opened on the null device. Otherwise the next file that the process opens, for example a log, would
get its number, and libraries would write their messages into it.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class OutputLost(Exception):
    """The standard output cannot be written. The message states the reason."""


def open_standard_streams() -> None:
    """Opens closed standard streams on the null device, and guards standard output and error.

    Standard error holds only messages: one that cannot be written is dropped, so that a full disk under a log of
    messages does not end a run. Standard output holds results: one that cannot be written raises `OutputLost`.
    Streams that a program has replaced by its own, for example to capture output, stay as they are.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        if not _is_open(number):
            _open_null(number, mode)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    if os.name == "posix" and sys.stdout is sys.__stdout__:  # a program that uses this package may replace it
        sys.stdout = _text(_Results(1, "w", closefd=False), sys.stdout, "strict", line_buffering=False)
    if os.name == "posix" and sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Messages(2, "w", closefd=False), sys.stderr, "backslashreplace", line_buffering=True)


class _Messages(io.FileIO):
    """Drops what cannot be written."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


class _Results(io.FileIO):
    """Raises `OutputLost` for everything but a closed pipe, which ends a command as usual."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(f"cannot write to standard output: {error.strerror}") from error


def _text(raw: io.FileIO, before: Any, errors: str, line_buffering: bool) -> Any:
    """Returns a text stream with the encoding of the stream that it replaces; None if that was closed."""
    encoding = getattr(before, "encoding", None) or "utf-8"
    errors = getattr(before, "errors", None) or errors
    if before is not None:
        before.flush()
    lines = line_buffering or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=lines)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _open_null(number: int, mode: int) -> None:
    handle = os.open(os.devnull, mode)
    if handle != number:
        os.dup2(handle, number)
        os.close(handle)
    os.set_inheritable(number, True)
