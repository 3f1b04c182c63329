"""Prints lines for people. Control characters in a file or a name cannot act on the terminal."""

from __future__ import annotations

import sys
from typing import TextIO

from .text import plain


def echo(text: str, error: bool = False) -> None:
    """Prints lines on standard output, or on standard error with ``error``."""
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # closed, in a program that uses this package as a library
        return
    write(stream, "\n".join(plain(line) for line in text.split("\n")) + "\n")
    stream.flush()  # so that a pipe receives the lines at once


def write(stream: TextIO, text: str) -> None:
    """Writes the whole text in any terminal encoding; characters that the encoding lacks become escapes."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
