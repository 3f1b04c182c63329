"""Renders one line for each finding, for editors and grep."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.finding import Finding
from dreamerguard.core.result import RepositoryResult, Result
from dreamerguard.util.text import plain

from .places import all_findings


def render_concise(result: Result) -> str:
    """Returns lines ``file:line:column: severity[name] CODE message`` and a note on unjudged parts; empty if clean."""
    return "".join((concise_lines(result.findings), _unjudged(result)))


def render_concise_check(outcome: RepositoryResult) -> str:
    """Returns the lines of a whole check: the findings, the most severe first, then what was not judged."""
    return "".join((concise_lines(all_findings(outcome.results)), *map(_unjudged, outcome.results)))


def concise_lines(findings: Sequence[Finding]) -> str:
    """Returns one line for each finding that is shown."""
    lines = [
        f"{item.primary.span}: {item.severity}[{item.name}] {item.code} {item.message}"
        f"{'' if item.allowed is None else ' (allowed)'}"
        for item in findings
        if item.allowed is None or item.allowed_by == "command"
    ]
    return "".join(f"{plain(line)}\n" for line in lines)


def _unjudged(result: Result) -> str:
    return f"{plain(f'{result.run.anchor}: note: {result.judged.text}')}\n" if result.judged.text else ""
