"""Places of findings under other names of the same files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from dreamerguard.core.model import Finding, Label, Source, Span


@dataclass
class RebasedPaths:
    """Names the files of findings relative to a root; a dialect names them relative to where the program starts.

    Attributes:
      command: the text that the command stands in, which has its name already.
      folder: where the program is started.
      root: what names shall be relative to.
    """

    command: Source
    folder: Path
    root: Path
    sources: dict[str, Source] = field(default_factory=dict)

    def finding(self, finding: Finding) -> Finding:
        """The finding with renamed places."""
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
