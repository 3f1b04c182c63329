"""Prints lines for people. Control characters in a file or a name cannot act on the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from .text import folded, plain

#: Environment variable that asks for lines that a screen reader reads well; the option ``--plain`` sets it.
PLAIN = "DREAMERGUARD_PLAIN"


def plain_mode(environment: Mapping[str, str]) -> bool:
    """Returns whether nothing may be drawn: no bars, carets, boxes or lines that change, as for a screen reader."""
    return bool(environment.get(PLAIN)) or environment.get("TERM") == "dumb"


def columns(stream: TextIO) -> int | None:
    """Returns the width of the terminal that a stream writes to; None if it writes elsewhere, as into a file."""
    if not stream.isatty():
        return None
    given = os.environ.get("COLUMNS", "")
    try:
        return int(given) if given.isdecimal() and int(given) else os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def echo(text: str, error: bool = False, fold: bool = False) -> None:
    """Prints lines on standard output, or on standard error with ``error``.

    Args:
      text: the lines.
      error: whether they are messages.
      fold: whether sentences, not rows of tables, that are wider than the terminal are broken between words.
    """
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # closed, in a program that uses this package as a library
        return
    room = columns(stream) if fold and not plain_mode(os.environ) else None
    lines = [_folded(plain(line), room) for line in text.split("\n")]
    write(stream, "\n".join(lines) + "\n")
    stream.flush()  # so that a pipe receives the lines at once


def _folded(line: str, room: int | None) -> str:
    """Returns a line that fits; rows of tables, with gaps between their cells, stay as they are."""
    shown = line.lstrip(" ")
    return line if "   " in shown else folded(line, room, len(line) - len(shown) + 4)


def write(stream: TextIO, text: str) -> None:
    """Writes the whole text in any terminal encoding; characters that the encoding lacks become escapes."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
