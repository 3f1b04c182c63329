"""Lines for people: nothing in them acts on a terminal, whatever a file or a name holds."""

from __future__ import annotations

import sys
from typing import TextIO

from .text import plain


def echo(text: str, error: bool = False) -> None:
    """Prints lines, on the error stream if they are no result."""
    stream = sys.stderr if error else sys.stdout
    write(stream, "\n".join(plain(line) for line in text.split("\n")) + "\n")
    stream.flush()  # a pipe is to see it when it is said


def write(stream: TextIO, text: str) -> None:
    """Writes text whole, whatever the encoding of the terminal: what it lacks is written as an escape."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
