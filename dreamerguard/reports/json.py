"""Renders the JSON report. ``version`` rises if a field changes its meaning or is removed; fields may be added."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from dreamerguard.core.budget import Budget
from dreamerguard.core.finding import Finding, Fix, Harm
from dreamerguard.core.result import Result
from dreamerguard.core.source import Label, Span

VERSION = 1


def render_json(result: Result, indent: int | None = 2) -> str:
    """Returns one JSON object, ending with a line break; on one line if ``indent`` is None.

    Lines and columns count from 1, columns in code points.
    """
    return json.dumps(report_object(result), indent=indent, ensure_ascii=True, allow_nan=False) + "\n"


def report_object(result: Result) -> dict[str, Any]:
    """Returns the report as an object of JSON types."""
    run = result.run
    reference = run.reference
    return {
        "version": VERSION,
        "dialect": result.dialect,
        "detected": result.detected,
        "checked": {**asdict(result.checked), "file_names": list(run.files)},
        "judged": {
            "task": result.judged.task,
            "ratio": result.judged.ratio,
            "budget": result.judged.budget,
            "reason": result.judged.reason,
        },
        "sweep": {"runs": result.sweep.runs, "linted": result.sweep.linted} if result.sweep is not None else None,
        "budget": {
            "purpose": run.purpose,
            "run": _budget(run.budget),
            "reference": _budget(reference.budget if reference is not None else None),
            "task": reference.task if reference is not None else None,
            "suite": reference.suite if reference is not None else None,
            "edition": reference.edition if reference is not None else None,
            "update_share": _figure(run.update_share),
        },
        "findings": [finding_object(finding) for finding in result.findings],
    }


def _budget(budget: Budget | None) -> dict[str, float | None] | None:
    if budget is None:
        return None
    derived = ("agent_steps", "updates_per_step", "updates_per_frame", "updates")
    figures = asdict(budget) | {name: getattr(budget, name) for name in derived}
    return {name: _figure(value) for name, value in figures.items()}


def _figure(value: float | None) -> float | None:
    """Returns a figure; null for the infinite figures of an endless run, which JSON cannot hold."""
    return value if value is not None and math.isfinite(value) else None


def finding_object(finding: Finding) -> dict[str, Any]:
    """Returns a finding as an object with the fields that every JSON report uses."""
    labels = [(finding.primary, True), *((label, False) for label in finding.secondary)]
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "upstream": finding.upstream or None,
        "message": finding.message,
        "key": finding.key,
        "spans": [_label(label, primary) for label, primary in labels],
        "harm": _harm(finding.harm),
        "evidence": [asdict(item) for item in finding.evidence],
        "help": finding.help,
        "fix": _fix(finding.fix),
        "allowed": finding.allowed,
        "allowed_by": finding.allowed_by if finding.allowed is not None else None,
    }


def _label(label: Label, primary: bool) -> dict[str, Any]:
    return {"primary": primary, "message": label.message, **_span(label.span)}


def _span(span: Span) -> dict[str, Any]:
    return {
        "source": span.source.name,
        "kind": span.source.kind,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "text": span.text,
    }


def _harm(harm: Harm | None) -> dict[str, Any] | None:
    return None if harm is None else asdict(harm) | {"update_share": _figure(harm.update_share)}


def _fix(fix: Fix | None) -> dict[str, Any] | None:
    if fix is None:
        return None
    edits = [{**_span(edit.span), "replacement": edit.text} for edit in fix.edits]
    return {"message": fix.message, "safe": fix.safe, "command": fix.command, "edits": edits}
