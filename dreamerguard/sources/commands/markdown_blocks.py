"""Reads the commands of Markdown: those in fenced code blocks, and other lines that begin with a command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command
from dreamerguard.util.fast_dataclass import dataclass

from .mapped_text import MappedText
from .noted import read_lines
from .placeholders import with_placeholders
from .shell import read_shell

_FENCE = re.compile(
    r"^[ \t>]{0,12}(?P<fence>`{3,}|~{3,})[ \t]*(?:\{[ \t]*\.?)?(?P<language>[\w+-]*)[^\n]*$", re.MULTILINE
)
#: Languages of blocks with shell text.
LANGUAGES = frozenset(
    {"", "bash", "sh", "shell", "zsh", "console", "terminal", "shell-session", "shellsession", "text"}
    | {"none", "default", "bat", "batch", "cmd", "powershell", "ps1", "pwsh", "ps", "doscon", "sh-session"}
)
#: Largest number of blocks of a document, and of prompts in a block, that are read.
MAX_BLOCKS = 2_000
_PROMPT = re.compile(
    r"^[ \t]*(?:\([\w.-]+\)[ \t]*)?"
    r"(?:(?:[\w.-]+@[\w.-]+[:\t ][\w/~.-]*)?[$%][ \t]+|(?:PS[ \t][^>\n]{0,80}|[A-Z]:\\[^>\n]{0,80})>[ \t]*|>[ \t]+)",
    re.MULTILINE,
)
_CONTINUED = re.compile(r"(\\[ \t]*\r?\n[ \t]*)>(?=[ \t])")
_CARET = re.compile(r"(?<=[ \t])[\^`](?=[ \t]*\r?\n)")


def read_markdown(source: Source) -> list[Command]:
    """Returns the commands of the blocks with shell text, and those between blocks. Placeholders are unknown text."""
    found: list[Command] = []
    behind = 0
    for block in islice(_blocks(source.text), MAX_BLOCKS):
        found += with_placeholders(read_lines(source, behind, block.start))
        found += read_block(source, block.inner, block.stop) if block.shell else []
        behind = block.end
    return [*found, *with_placeholders(read_lines(source, behind, len(source.text)))]


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced block: where its fences begin and end, its inner range, and whether it holds shell text."""

    start: int
    inner: int
    stop: int
    end: int
    shell: bool


def _blocks(text: str) -> Iterator[_Block]:
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match
        elif match["fence"].startswith(opened["fence"]) and not match["language"]:
            shell = opened["language"].lower() in LANGUAGES
            yield _Block(opened.start(), opened.end() + 1, match.start(), match.end(), shell)
            opened = None


def read_block(source: Source, start: int, end: int) -> list[Command]:
    """Returns the commands of one block. In a block with prompts, only lines after a prompt are commands.

    Args:
      source: the document.
      start, end: the range of the block.
    """
    text = source.text[start:end]
    shown = _CONTINUED.sub(r"\1 ", text)
    if (caret := _CARET.search(shown)) is not None and not _CONTINUED.search(text):
        shown = _CARET.sub("\\\\", shown) if caret else shown
    block = MappedText(shown, tuple(range(start, end + 1)))
    inner = block.source(source)
    starts = [match.end() for match in islice(_PROMPT.finditer(shown), MAX_BLOCKS)]
    if not starts:
        return with_placeholders(block.placed(read_shell(inner, mode="docs"), source))
    lines = (read_shell(inner, at, _logical_line(shown, at, len(shown)), "docs") for at in starts)
    return with_placeholders(command for found in lines for command in block.placed(found, source))


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
