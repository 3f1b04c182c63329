"""Open documents: their text, and places in it as editors count them.

Editors count lines from 0, and columns in the units of an encoding that client and server agree on, UTF-16 by default:
https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#textDocuments
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from lsprotocol import types

#: Bytes of one unit of each encoding.
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
_LINE_END = re.compile(r"\r\n|\n|\r")

Change = types.TextDocumentContentChangePartial | types.TextDocumentContentChangeWholeDocument


@dataclass(frozen=True)
class Lines:
    """Converts between characters of a text and an editor's places.

    Attributes:
      text: the text.
      encoding: what columns count: ``utf-8``, ``utf-16`` or ``utf-32``.
    """

    text: str
    encoding: str = "utf-16"

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def _line(self, number: int) -> tuple[int, str]:
        """Returns the start of a line, and its text without the line end."""
        start = self._starts[number]
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self.text)
        return start, self.text[start:end].rstrip("\r\n")

    def position(self, offset: int) -> types.Position:
        """Returns the place of a character; an offset behind the text is its end."""
        offset = min(max(offset, 0), len(self.text))
        number = bisect_right(self._starts, offset) - 1
        start, line = self._line(number)
        before = line[: offset - start]
        return types.Position(number, len(before) if before.isascii() else self._units(before))

    def offset(self, position: types.Position) -> int:
        """Returns the character at a place; a column behind the line is its end, a line behind the text the text's."""
        if position.line >= len(self._starts):
            return len(self.text)
        start, line = self._line(position.line)
        if line.isascii():
            return start + min(position.character, len(line))
        left = position.character
        for index, character in enumerate(line):
            left -= self._units(character)
            if left < 0:
                return start + index
        return start + len(line)

    def range(self, start: int, end: int) -> types.Range:
        """Returns the range between two characters."""
        return types.Range(self.position(start), self.position(end))

    def _units(self, text: str) -> int:
        codec, size = _UNITS[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // size


@dataclass(frozen=True)
class OpenDocument:
    """An open file as the editor has it.

    Attributes:
      uri: its name for the editor.
      path: of the file, which need not exist.
      version: counts the editor's changes.
      lines: its text.
    """

    uri: str
    path: Path
    version: int
    lines: Lines

    @property
    def text(self) -> str:
        """The text that the editor shows."""
        return self.lines.text

    @property
    def data(self) -> bytes:
        """The text as the file would hold it."""
        return self.text.encode("utf-8", "surrogatepass")

    def changed(self, changes: Sequence[Change], version: int) -> OpenDocument:
        """Returns the document after changes, which apply one after the other."""
        lines = self.lines
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                start, end = lines.offset(change.range.start), lines.offset(change.range.end)
                text = lines.text[:start] + change.text + lines.text[max(start, end) :]
            else:
                text = change.text
            lines = Lines(text, lines.encoding)
        return replace(self, version=version, lines=lines)


def path_of(uri: str) -> Path | None:
    """Returns the path of a URI; None if it names no local file."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or "\x00" in unquote(parts.path):
        return None
    return Path(url2pathname(parts.path))


def changed_part(old: str, new: str) -> tuple[int, int]:
    """Returns how many characters two texts share at their beginning, and then at their end."""
    most = min(len(old), len(new))
    front = _shared(old, new, most)
    back = _shared(old[::-1], new[::-1], most - front)
    return front, back


def _shared(one: str, other: str, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
