"""Turns findings into an editor's diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lsprotocol import types

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Source, Span
from dreamerguard.core.values import spell_scalar
from dreamerguard.reports.places import sentence
from dreamerguard.util.text import plain

from .documents import OpenDocument
from .linting import Checked
from .places import EditorPlaces
from .rule_links import rule_link

SOURCE = "dreamerguard"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
#: Rules about text that has no effect; editors show it faded.
_WITHOUT_EFFECT = frozenset({"dead-key", "unread-key", "no-effect", "unread-by-script", "stale-suppression"})


def diagnostics(checked: Checked, open_documents: Mapping[Path, OpenDocument]) -> list[types.Diagnostic]:
    """Returns the diagnostics of a document, the most severe first.

    A finding in another file that a command of the document causes is shown at the command, with the place.
    """
    places = EditorPlaces(checked.root, checked.document, checked.name, open_documents)
    found = sorted(checked.findings, key=lambda item: item.order)
    return [diagnostic_of(item, checked, places) for item in found]


def _run_of(finding: Finding, checked: Checked) -> ResolvedRun | None:
    found = (result.run for result in checked.results if any(item is finding for item in result.findings))
    return next(found, None)


def _span(finding: Finding, checked: Checked, run: ResolvedRun | None) -> Span:
    """Returns the place of a finding in the document."""
    if finding.primary.span.source.name == checked.name:
        return finding.primary.span
    if run is not None and run.anchor.source.name == checked.name:
        return run.anchor
    return Source(checked.name, checked.document.text).span(0)


def diagnostic_of(finding: Finding, checked: Checked, places: EditorPlaces) -> types.Diagnostic:
    """Returns the diagnostic of one finding of a document."""
    run = _run_of(finding, checked)
    link, span = rule_link(finding.name), _span(finding, checked, run)
    setting = run.settings.get(finding.key) if run is not None else None
    lines = [f"{sentence(finding)} [{finding.name}]", *([f"help: {finding.help}"] if finding.help else [])]
    return types.Diagnostic(
        range=places.range(span),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(link) if link else None,
        source=SOURCE,
        message="\n".join(map(plain, lines)),
        tags=[types.DiagnosticTag.Unnecessary] if finding.name in _WITHOUT_EFFECT else None,
        related_information=list(_related(finding, span, places, setting)) or None,
    )


def _related(
    finding: Finding, shown: Span, places: EditorPlaces, setting: Setting | None
) -> Iterator[types.DiagnosticRelatedInformation]:
    """Yields the other places of a finding, and those that gave its key a value."""
    labels = list(finding.secondary)
    if shown != finding.primary.span:
        labels.insert(0, Label(finding.primary.span, finding.primary.message or "the setting"))
    for layer in setting.chain if setting is not None else ():
        if layer.span is not None and setting is not None:
            labels.append(Label(layer.span, f"{setting.key} is {spell_scalar(layer.value)} ({layer.name})"))
    seen = {shown}
    for label in labels:
        location = places.location(label.span)
        if location is None or label.span in seen:
            continue
        seen.add(label.span)
        yield types.DiagnosticRelatedInformation(location, plain(label.message or finding.name))
