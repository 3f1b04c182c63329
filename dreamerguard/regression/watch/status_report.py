"""Formats a status as text for people and as a JSON object for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from dreamerguard.regression.published import Envelope
from dreamerguard.util.text import number_of

from .alarm_basis import basis_text
from .quoted_score import QuotedScore
from .verdict import Look, State, Verdict, first_look
from .watcher import Status

#: Lines that say the same at every look.
_ONCE = ("  reference: ", "  note: ", "  log: ")
#: Version of the JSON object; increases when a field changes its meaning or is removed. New fields keep the version.
VERSION = 1


def status_json(status: Status) -> dict[str, Any]:
    """Returns the whole status of one run, without the points of its curve."""
    log, reference = status.log, status.reference
    return {
        "version": VERSION,
        "directory": str(status.directory),
        "waiting": status.waiting or None,
        "format": log.program if log else None,
        "task": status.task if log else None,
        "frames": log.frames if log else None,
        "episodes": len(log.train) if log else 0,
        "evaluations": len(log.evals) if log else 0,
        "reference": _reference(status),
        "no_reference": status.no_reference or None,
        "no_scores": status.no_scores or None,
        "verdict": _verdict(status, status.verdict) if status.verdict else None,
        "quoted": _quoted(status.quoted) if status.quoted else None,
        "health": [asdict(finding) | {"severity": finding.severity.value} for finding in status.health],
        "causes": list(status.causes),
        "caveats": list(reference.caveats) if reference else [],
        "problems": [asdict(problem) for problem in log.problems] if log else [],
    }


def status_text(status: Status, said: set[str] | None = None) -> str:
    """Returns the status as lines of text: verdict, causes, health findings, notes.

    Args:
      status: the status of one run.
      said: notes on the run that were printed before. They are left out, and new ones are added to the set.
    """
    lines = list(_lines(status))
    if said is not None:
        lines = [line for line in lines if line not in said]
        said.update(line for line in lines if line.startswith(_ONCE))
    return "\n".join(lines)


def headline(status: Status) -> str:
    """Returns the verdict, or WAITING without a log, NO REFERENCE without a reference, NO SCORES without scores."""
    if status.log is None:
        return "WAITING"
    if status.verdict:
        return status.verdict.state.value
    return "NO SCORES" if status.no_scores else "NO REFERENCE"


def reference_text(envelope: Envelope) -> str:
    """Returns whose curves a reference holds: seeds, laboratory, and what a score is."""
    whose = f"of {envelope.laboratory}" if envelope.laboratory else "of your own runs"
    every = f", every {envelope.interval:,} frames" if envelope.interval else ""
    return f"{number_of(envelope.seeds, 'seed')} {whose}, {envelope.score_name}{every}"


def why_no_verdict(status: Status) -> str:
    """Returns why a log has no verdict: it has no reference, or no scores."""
    return status.no_reference or status.no_scores


def _lines(status: Status) -> Iterator[str]:
    if status.log is None:
        yield f"WAITING: {status.waiting}"
        return
    verdict = status.verdict
    yield f"{headline(status)}: {status.task}, {verdict.reason if verdict else why_no_verdict(status)}"
    if verdict and verdict.at_frames is not None and verdict.state.flagged:
        yield f"  too low since {verdict.at_frames:,.0f} frames"
    for cause in status.causes:
        yield f"  likely cause: {cause}"
    for finding in status.health:
        yield f"  {finding.severity}[{finding.name}] {finding.message}"
        yield f"    likely cause: {finding.cause}"
        yield f"    help: {finding.help}"
    early = verdict is not None and verdict.state is State.TOO_EARLY
    if early and (never := _never_judged(status)):
        yield f"  note: {never}"
    if status.reference is not None:
        yield f"  reference: {reference_text(status.reference.envelope)}"
    if verdict and not early and verdict.state is not State.UNDECIDABLE:
        yield f"  {_false_alarms(status, verdict)}"
    if status.quoted is not None and not early:
        yield f"  as papers quote it: {status.quoted}"
    for caveat in status.reference.caveats if status.reference else ():
        yield f"  note: {caveat}"
    for problem in status.log.problems:
        yield f"  log: {problem}"


def _never_judged(status: Status) -> str:
    """Returns that a run ends before the first verdict; empty if it does not, or if its length is unknown."""
    planned = status.log.facts.frames if status.log is not None else None
    if planned is None or status.reference is None:
        return ""
    start = first_look(status.reference.envelope, status.reference.method)
    ends = f"the run plans {planned:,.0f} frames, so it ends before the first verdict at {start:,.0f}"
    return ends if planned < start else ""


def _reference(status: Status) -> dict[str, Any] | None:
    if status.reference is None:
        return None
    envelope = status.reference.envelope
    return {
        "suite": envelope.suite,
        "task": envelope.task,
        "release": envelope.release,
        "edition": envelope.edition,
        "seeds": envelope.seeds,
        "budget": envelope.budget,
        "action_repeat": envelope.action_repeat,
        "laboratory": envelope.laboratory or None,
        "scores": envelope.episodes,
        "measure": envelope.measure,
        "evaluation_interval": envelope.interval or None,
        "source": asdict(envelope.source),
    }


def _false_alarms(status: Status, verdict: Verdict) -> str:
    assert status.reference is not None
    return basis_text(verdict.basis, status.reference.envelope, verdict.curves)


def _quoted(quoted: QuotedScore) -> dict[str, Any]:
    table = quoted.table
    return {
        "statistic": quoted.name,
        "from_frames": table.start,
        "to_frames": table.end,
        "scores": table.episodes,
        "measure": "crafter score, %" if table.kind == "crafter" else table.measure,
        "value": quoted.value,
        "count": quoted.count,
        "final": quoted.value is not None and not quoted.why,
        "why": quoted.why or None,
        "published": table.published,
        "published_seeds": table.seeds or None,
        "sources": list(table.sources),
    }


def _verdict(status: Status, verdict: Verdict) -> dict[str, Any]:
    return {
        "state": verdict.state.value,
        "reason": verdict.reason,
        "p": verdict.p,
        "healthy_curves": verdict.curves,
        "false_alarms": {"basis": verdict.basis.value, "text": _false_alarms(status, verdict)},
        "deficit": _finite(verdict.deficit),
        "too_low_since_frames": verdict.at_frames,
        "share_of_budget": verdict.share_of_budget,
        "last": _look(verdict.last) if verdict.last else None,
        "looks": [_look(look) for look in verdict.looks],
    }


def _look(look: Look) -> dict[str, Any]:
    return asdict(look) | {"deficit": _finite(look.deficit)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
