"""Reads the commands in code blocks of reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .markdown_blocks import LANGUAGES, MAX_BLOCKS, read_block

_DIRECTIVE = re.compile(
    r"^(?P<indent>[ \t]*)(?:\.\.[ \t]+(?:code-block|code|sourcecode|prompt|parsed-literal|literalinclude)::"
    r"[ \t]*(?P<language>[\w+-]*)[^\n]*|(?!\.\.)[^\n]*(?P<literal>::))[ \t]*\r?$",
    re.MULTILINE,
)


def read_restructured_text(source: Source) -> list[Command]:
    """Returns the commands of all blocks with shell text. Placeholders are unknown text."""
    blocks = islice(_blocks(source.text), MAX_BLOCKS)
    return [command for start, end in blocks for command in read_block(source, start, end)]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    behind = 0
    for match in _DIRECTIVE.finditer(text):
        if match.start() < behind or (match["language"] or "").lower() not in LANGUAGES:
            continue
        start = text.find("\n", match.start()) + 1
        behind = _end(text, start, len(match["indent"].expandtabs())) if start else len(text)
        yield _behind_options(text, start, behind), behind


def _end(text: str, at: int, indent: int) -> int:
    """Returns the end of the lines that are indented further."""
    end = at
    while at < len(text):
        stop = text.find("\n", at)
        stop = stop if stop >= 0 else len(text)
        line = text[at:stop].expandtabs()
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        end, at = stop, stop + 1
    return min(end, len(text))


def _behind_options(text: str, at: int, end: int) -> int:
    """Returns the place behind the options of a directive: ``:caption: text``."""
    while match := re.compile(r"[ \t]*:[\w-]+:[^\n]*\n").match(text, at, end):
        at = match.end()
    return at
