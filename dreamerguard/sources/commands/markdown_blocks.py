"""Reads the commands in fenced code blocks of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .shell import read_shell

_FENCE = re.compile(r"^[ \t>]{0,12}(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[^\n]*$", re.MULTILINE)
_LANGUAGES = frozenset(
    {"", "bash", "sh", "shell", "zsh", "console", "terminal", "shell-session", "shellsession", "text"}
)


def read_markdown(source: Source) -> list[Command]:
    """Returns the commands of all code blocks with shell text. Placeholders are unknown text."""
    return [command for start, end in _blocks(source.text) for command in _block(source, start, end)]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match
        elif match["fence"].startswith(opened["fence"]) and not match["language"]:
            if opened["language"].lower() in _LANGUAGES:
                yield opened.end() + 1, match.start()
            opened = None


def _block(source: Source, start: int, end: int) -> Iterator[Command]:
    """Yields the commands of one block. In a block with prompts, only lines after a prompt are commands."""
    at = start
    prompted = re.compile(r"^[ \t]*(?:\([\w.-]+\)[ \t]*)?[$%][ \t]+", re.MULTILINE)
    starts = [match.end() for match in prompted.finditer(source.text, start, end)]
    if not starts:
        yield from read_shell(source, at, end, "docs")
        return
    for begin in starts:
        yield from read_shell(source, begin, _logical_line(source.text, begin, end), "docs")


def _logical_line(text: str, start: int, end: int) -> int:
    """Returns the end of a line, including lines continued by a backslash."""
    at = start
    while True:
        stop = text.find("\n", at, end)
        if stop < 0:
            return end
        if not text[at:stop].rstrip("\r").endswith("\\"):
            return stop
        at = stop + 1
