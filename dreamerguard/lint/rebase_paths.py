"""Renames the files in the places of a result, so that every report names a file in one way."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from dreamerguard.core.finding import Finding
from dreamerguard.core.result import RepositoryResult, Result
from dreamerguard.core.setting import Layer, Setting
from dreamerguard.core.source import Label, Source, Span


@dataclass
class PathRebaser:
    """Renames the files of a result relative to a root. Before, they are relative to the program's start folder.

    Attributes:
      command: source that contains the command; it keeps its name.
      folder: folder in which the program starts.
      root: folder that the new names are relative to; None to put ``folder`` in front of every name.
    """

    command: Source
    folder: Path
    root: Path | None
    sources: dict[str, Source] = field(default_factory=dict)

    def result(self, result: Result) -> Result:
        """Returns the result with renamed files, also in the resolved run."""
        run, findings = result.run, tuple(map(self.finding, result.findings))
        if self.root is not None and os.path.normpath(self.folder) == os.path.normpath(self.root):
            return replace(result, findings=findings)
        run = replace(
            run,
            anchor=self._span(run.anchor),
            files=tuple(map(self._name, run.files)),
            sources=tuple(map(self._source, run.sources)),
            settings={key: self._setting(setting) for key, setting in run.settings.items()},
        )
        return replace(result, findings=findings, run=run)

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

    def _setting(self, setting: Setting) -> Setting:
        if all(layer.span is None and layer.via is None for layer in setting.chain):
            return setting
        return replace(setting, chain=tuple(map(self._layer, setting.chain)))

    def _layer(self, layer: Layer) -> Layer:
        span, value, via = layer.span, layer.value_span, layer.via
        return replace(
            layer,
            name=layer.name if span is None or layer.name != span.source.name else self._span(span).source.name,
            origin=layer.origin if span is None else self._span(span),
            value_span=None if value is None else self._span(value),
            via=None if via is None else self._span(via),
        )

    def _span(self, span: Span) -> Span:
        source = self._source(span.source)
        return span if source is span.source else Span(source, span.start, span.end)

    def _source(self, source: Source) -> Source:
        command = self.command
        if source is command or source.kind != "file" or (source.name, source.text) == (command.name, command.text):
            return source
        if source.name not in self.sources:
            self.sources[source.name] = replace(source, name=self._name(source.name))
        return self.sources[source.name]

    def _name(self, name: str) -> str:
        path = self.folder / name
        return (os.path.normpath(path) if self.root is None else os.path.relpath(path, self.root)).replace(os.sep, "/")


def below(outcome: RepositoryResult, folder: Path) -> RepositoryResult:
    """Returns the outcome of a check with ``folder`` in front of every file name: the names that the user can open."""
    rename = PathRebaser(Source("", ""), folder, None)
    unread = [f"{folder.as_posix()}/{text}" for text in outcome.unread]
    return replace(outcome, results=tuple(map(rename.result, outcome.results)), unread=unread)
