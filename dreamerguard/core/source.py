"""Source texts, spans in them, and edits of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

#: A single value of a configuration.
Plain = None | bool | int | float | str


#: A value, or a list of them.
Value = Plain | tuple[Plain, ...]


SourceKind = Literal["file", "command line"]


@dataclass(frozen=True, slots=True)
class Source:
    """A text that configures a run: a file, or the arguments of a command joined as a shell would read them."""

    name: str
    text: str = field(repr=False)
    kind: SourceKind = "file"

    def span(self, start: int, end: int | None = None) -> Span:
        """Returns the span from ``start`` up to ``end``, both kept inside the text; an empty span without ``end``."""
        start = min(max(start, 0), len(self.text))
        return Span(self, start, min(max(end if end is not None else start, start), len(self.text)))


@dataclass(frozen=True, slots=True)
class Span:
    """A range of characters of a source. Lines and columns count from 1, columns in code points."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the first character."""
        return self.source.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """Column of the first character."""
        return self.start - self.source.text.rfind("\n", 0, self.start)

    @property
    def end_line(self) -> int:
        """Line of the position after the last character."""
        return self.source.text.count("\n", 0, self.end) + 1

    @property
    def end_column(self) -> int:
        """Column of the position after the last character."""
        return self.end - self.source.text.rfind("\n", 0, self.end)

    @property
    def text(self) -> str:
        """Characters of the span."""
        return self.source.text[self.start : self.end]

    @property
    def lines(self) -> tuple[str, ...]:
        """Whole lines that the span touches, without line ends."""
        first = self.source.text.rfind("\n", 0, self.start) + 1
        last = self.source.text.find("\n", self.end)
        block = self.source.text[first : last if last >= 0 else len(self.source.text)]
        return tuple(line.rstrip("\r") for line in block.split("\n"))

    def through(self, last: Span) -> Span:
        """Returns the span up to the end of a later one; the same span if the other is not behind it."""
        behind = last.source.name == self.source.name and last.start >= self.start
        return Span(self.source, self.start, max(self.end, last.end)) if behind else self

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a value that the user did not write."""

    title: str
    url: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.title}, {self.detail}" if self.detail else self.title


@dataclass(frozen=True, slots=True)
class Label:
    """A span with a message about it."""

    span: Span
    message: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement for the characters of a span; all other characters stay as they are."""

    span: Span
    text: str


class SourceError(Exception):
    """An input cannot be read at all. ``message`` states what is wrong, where, and how to fix it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Returns the text of one source after the edits. Edits must not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
