"""Places of findings for the editor: documents and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types

from dreamerguard.core.source import Source, Span

from .documents import Lines, OpenDocument


@dataclass
class EditorPlaces:
    """Converts spans of a check.

    Attributes:
      root: the folder that names of files are relative to.
      document: the document that was checked.
      name: its name.
      open: path -> document of everything that is open, so that its own URI is used.
    """

    root: Path
    document: OpenDocument
    name: str
    open: Mapping[Path, OpenDocument] = field(default_factory=dict)
    _lines: dict[str, Lines] = field(default_factory=dict)

    def range(self, span: Span) -> types.Range:
        """Returns the range of a span in its file."""
        return self._of(span.source).range(span.start, span.end)

    def location(self, span: Span) -> types.Location | None:
        """Returns the file and the range of a span; None for a command line that is in no file."""
        if span.source.kind != "file":
            return None
        return types.Location(self.uri(span.source), self.range(span))

    def uri(self, source: Source) -> str:
        """Returns the URI of a file."""
        if source.name == self.name:
            return self.document.uri
        path = (self.root / source.name).resolve()
        return self.open[path].uri if path in self.open else path.as_uri()

    def _of(self, source: Source) -> Lines:
        if source.name == self.name and source.text == self.document.text:
            return self.document.lines
        if source.name not in self._lines:
            self._lines[source.name] = Lines(source.text, self.document.lines.encoding)
        return self._lines[source.name]
