"""Commands in plain text: a file of notes, one command in a line, and the docstring at the head of a script.

Only lines that begin with an interpreter and have an option or an override are commands; the text around them is prose.
"""

from __future__ import annotations

import ast
from itertools import islice

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.names import literal_text

from .mapped_text import without_escapes
from .noted_lines import LINE, SCRIPT
from .placeholders import with_placeholders
from .python_places import Places
from .shell import read_shell

_MOST = 300


def read_notes(source: Source) -> list[Command]:
    """Returns the commands of a text without a known kind, as a script of a shell or as notes."""
    if SCRIPT.search(source.text):
        return read_shell(source)
    return read_lines(source, 0, len(source.text))


def read_docstring(source: Source, tree: ast.Module, places: Places) -> list[Command]:
    """Returns the commands in the docstring of a module."""
    first = tree.body[0] if tree.body else None
    if not isinstance(first, ast.Expr) or not literal_text(first.value):
        return []
    span = places.span(first.value)
    if "\\" not in span.text or span.text[:1] in "rR":
        return with_placeholders(read_lines(source, span.start, span.end))
    text = without_escapes(source, span.start, span.end)
    inner = text.source(source)
    return with_placeholders(text.placed(read_lines(inner, 0, len(inner.text)), source))


def read_lines(source: Source, start: int, end: int) -> list[Command]:
    """Returns the commands in the lines of a range that begin with one."""
    found: list[Command] = []
    behind = start
    for line in islice(LINE.finditer(source.text, start, end), _MOST):
        if line.end() >= behind:  # not a continued line of the last command
            behind = _end(source.text, line.end(), end)
            found += read_shell(source, line.end(), behind, "docs")
    return found


def _end(text: str, at: int, end: int) -> int:
    """Returns the end of a line, including lines continued by a backslash."""
    while True:
        stop = text.find("\n", at, end)
        if stop < 0 or not text[at:stop].rstrip().endswith("\\"):
            return stop if stop >= 0 else end
        at = stop + 1
