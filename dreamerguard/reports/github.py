"""Renders annotations for GitHub Actions. GitHub shows the first ten of a step, so the most severe come first.

Format: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.result import Result
from dreamerguard.util.text import plain

from .places import all_findings, path_of, sentence

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render_github(results: Sequence[Result]) -> str:
    """Returns one workflow command for each finding that is not suppressed."""
    return "".join(f"{_annotation(item)}\n" for item in all_findings(results) if item.allowed is None)


def _annotation(finding: Finding) -> str:
    properties = {**_place(finding), "title": f"{finding.name} ({finding.code})"}
    text = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_LEVELS[finding.severity]} {text}::{_data(_message(finding))}"


def _place(finding: Finding) -> dict[str, str]:
    span = finding.primary.span
    if span.source.kind != "file":
        return {}
    place = {"file": path_of(span.source), "line": str(span.line), "endLine": str(span.end_line)}
    if span.line == span.end_line:  # GitHub rejects columns for places of several lines
        place |= {"col": str(span.column), "endColumn": str(max(span.end_column, span.column + 1))}
    return place


def _message(finding: Finding) -> str:
    extra = [finding.help] if finding.help else []
    if finding.fix is not None:
        extra.append(f"Fix: {finding.fix.command or finding.fix.message}")
    return "\n".join(plain(text) for text in [sentence(finding), *extra])


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
