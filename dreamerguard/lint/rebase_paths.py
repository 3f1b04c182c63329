"""Renames the files in the places of findings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Label, Source, Span


@dataclass
class PathRebaser:
    """Renames the files of findings relative to a root. Before, they are relative to the program's start folder.

    Attributes:
      command: source that contains the command; it keeps its name.
      folder: folder in which the program starts.
      root: folder that the new names are relative to.
    """

    command: Source
    folder: Path
    root: Path
    sources: dict[str, Source] = field(default_factory=dict)

    def finding(self, finding: Finding) -> Finding:
        """Returns the finding with renamed files."""
        fix = finding.fix
        if fix is not None:
            fix = replace(fix, edits=tuple(replace(edit, span=self._span(edit.span)) for edit in fix.edits))
        return replace(
            finding,
            primary=self._label(finding.primary),
            secondary=tuple(self._label(label) for label in finding.secondary),
            fix=fix,
        )

    def _label(self, label: Label) -> Label:
        return Label(self._span(label.span), label.message)

    def _span(self, span: Span) -> Span:
        source = span.source
        if source is self.command or source.kind != "file" or source.name == self.command.name:
            return span
        if source.name not in self.sources:
            path = os.path.relpath(self.folder / source.name, self.root)
            self.sources[source.name] = replace(source, name=path.replace(os.sep, "/"))
        return Span(self.sources[source.name], span.start, span.end)
