"""Compares a run's stored settings with the published settings for its task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dreamerguard.regression.charts.run_facts import Difference, RunPage
    from dreamerguard.regression.watch.watcher import Status

#: Settings that do not affect training, or differ between any two runs.
_IGNORED = (
    "seed",
    "runtime.",
    "logging.",
    "checkpoint.",
    "logdir",
    "logger.",
    "run.log_every",
    "run.save_every",
    "guard.",
)


def describe_run(label: str, status: Status) -> RunPage:
    """Returns a run with its lint report and its differences from the published settings."""
    from dreamerguard.programs.registry import load_program
    from dreamerguard.regression.charts.run_facts import RunPage
    from dreamerguard.regression.watch.likely_causes import read_lint_report

    lint = read_lint_report(status.directory)
    log, reference = status.log, status.reference
    if log is None or reference is None:
        return RunPage(label, status, lint, why="There are no published settings to compare with.")
    envelope = reference.envelope
    own = envelope.release == "own"
    program = load_program(log.program)
    published = (
        None if own else program.published_settings(log.facts.settings, envelope.task, envelope.suite, envelope.edition)
    )
    if published is None:
        return RunPage(label, status, lint, why="The log has no settings that can be compared; see the table above.")
    ignored = (*_IGNORED, *published.ignored)
    found = _compare(log.facts.settings, published.values, published.origins, ignored)
    return RunPage(label, status, lint, found, "", published.title)


def _compare(
    run: Mapping[str, Any],
    published: Mapping[str, Any],
    origins: Mapping[str, tuple[str, str]],
    ignored: tuple[str, ...],
) -> tuple[Difference, ...]:
    from dreamerguard.regression.charts.run_facts import Difference

    keys = [key for key in published if key in run and not key.startswith(ignored)]
    return tuple(
        Difference(key, _shown(run[key]), _shown(published[key]), *origins.get(key, ("", "")))
        for key in keys
        if not _same(run[key], published[key])
    )


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    try:  # YAML 1.1 reads 1e6 as text
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9)
    except (TypeError, ValueError):
        return bool(ours == theirs)


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}"
    return ", ".join(map(_shown, value)) if isinstance(value, list | tuple) else str(value)
