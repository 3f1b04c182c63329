"""Reads the commands in the cells of a notebook: lines behind ``!`` and ``%run``, cells of ``%%bash``, and notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .mapped_text import MappedText
from .markdown_blocks import MAX_BLOCKS, read_markdown
from .shell import read_shell

_SOURCE = re.compile(r'"source"\s*:\s*(?:\[|(?="))')
_STRING = re.compile(r'\s*,?\s*"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_LINE = re.compile(
    r"^[ \t]*(?:!{1,2}|%(?:sx|system|run)[ \t]+(?:-\w+[ \t]+)*)(?P<command>(?:[^\n\\]|\\[^\n]|\\\n)*)", re.MULTILINE
)
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|script[ \t]+(?:ba)?sh)\b[^\n]*\n")
#: A Python value that the notebook fills in.
_FILLED = re.compile(r"\{[A-Za-z_][\w.]*\}", re.ASCII)
_NOTE = re.compile(r"^[ \t>]{0,12}(?:```|~~~)", re.MULTILINE)


def read_notebook(source: Source) -> list[Command]:
    """Returns the commands of all cells."""
    found: list[Command] = []
    for cell in islice(_cells(source.text), MAX_BLOCKS):
        found += cell.placed(_commands(Source(source.name, cell.text)), source)
    return found


def _commands(cell: Source) -> Iterator[Command]:
    shell = _SHELL_CELL.match(cell.text)
    if shell is not None:
        yield from read_shell(cell, shell.end())
        return
    for match in islice(_LINE.finditer(cell.text), MAX_BLOCKS):
        yield from read_shell(cell, match.start("command"), match.end("command"))
    if _NOTE.search(cell.text):
        yield from read_markdown(cell)


def _cells(text: str) -> Iterator[MappedText]:
    """Yields the text of each cell, with the values of Python that it names as unknown variables."""
    for start in _SOURCE.finditer(text):
        pieces: list[str] = []
        places: list[int] = []
        at = last = start.end()
        while (match := _STRING.match(text, at)) is not None:
            _unescape(text, match, pieces, places)
            at, last = match.end(), match.end(1)
            if not start[0].endswith("["):
                break
        joined = "".join(pieces)
        filled = _FILLED.sub(lambda match: "${" + "_" * (len(match[0]) - 3) + "}", joined)
        yield MappedText(filled, (*places, last))


def _unescape(text: str, match: re.Match[str], pieces: list[str], places: list[int]) -> None:
    at = match.start(1)
    for escape in _ESCAPE.finditer(text, match.start(1), match.end(1)):
        pieces += [text[at : escape.start()], _meant(escape)]
        places += range(at, escape.start() + 1)
        at = escape.end()
    pieces.append(text[at : match.end(1)])
    places += range(at, match.end(1))


def _meant(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _CONTROLS.get(escape[2], escape[2])
