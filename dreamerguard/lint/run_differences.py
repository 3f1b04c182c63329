"""Explains a low run by its settings: those that differ from the published ones, ranked by the linter's cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dreamerguard.core.published import SettingDifference

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

#: Settings of the length of a run: scores are compared at equal frames.
_LENGTHS = ("run.frames", "run.steps")

_LEVELS = {"severe": 3.0, "moderate": 2.0, "slight": 1.0}
_SEVERITIES = {"error": 0.5, "warning": 0.25}

#: Differences without a known cost that are listed at most.
_MOST = 5


@dataclass(frozen=True, slots=True)
class SettingDifferences:
    """The settings of a run that differ from the published ones.

    Attributes:
      title: name of the publication.
      found: the differences, in the order of the publication.
    """

    title: str
    found: tuple[SettingDifference, ...]


def setting_differences(
    program: str, settings: Mapping[str, Any], task: str, suite: str, edition: str
) -> SettingDifferences | None:
    """Returns the differences of a stored configuration; None if its program has no settings to compare with.

    Args:
      program: name of the training program in the registry.
      settings: the stored configuration by dotted key.
      task, suite, edition: of the published run.
    """
    from dreamerguard.programs.registry import load_program

    published = load_program(program).published_settings(settings, task, suite, edition)
    if published is None:
        return None
    ignored = (*_IGNORED, *published.ignored)
    keys = [key for key in published.values if key in settings and not key.startswith(ignored)]
    found = tuple(
        SettingDifference(
            key, _shown(settings[key]), _shown(published.values[key]), *published.origins.get(key, ("", ""))
        )
        for key in keys
        if not _same(settings[key], published.values[key])
    )
    return SettingDifferences(published.title, found)


def explain_low_run(
    directory: Path,
    program: str,
    settings: Mapping[str, Any],
    configs: Sequence[str],
    published: tuple[str, str, str] | None,
    report: Mapping[str, Any],
) -> list[tuple[str, str]]:
    """Returns why a run may be low: differing settings by the linter's cost, the costliest first.

    Args:
      directory: directory of the run.
      program: name of the training program in the registry.
      settings: the stored configuration by dotted key.
      configs: files in the directory that may hold it.
      published: task, suite and edition of the published run; None for a custom reference.
      report: the lint report stored beside the run; without one, the stored configuration is linted.

    Returns:
      For each cause its text, and the code of the lint finding in it; the code is empty without a finding.
    """
    rows = _rows(report) or list(_lint_stored(directory, configs))
    known = setting_differences(program, settings, *published) if published is not None else None
    costs = {str(row.get("key")): row for row in sorted(rows, key=_cost)}
    differing = [item for item in known.found if item.key in costs or item.key not in _LENGTHS] if known else []
    ranked = sorted(differing, key=lambda item: -_cost(costs.get(item.key)))
    causes = [(_text(item, costs.get(item.key)), _code(costs.get(item.key))) for item in ranked]
    costly = [cause for cause in causes if cause[1]]
    free = [cause for cause in causes if not cause[1]]
    named = {code for _, code in costly}
    others = [row for row in sorted(rows, key=_cost, reverse=True) if _code(row) not in named and _cost(row) >= 0.25]
    costly += [(f"{row.get('message')}{_harm(row)} ({_code(row)} {row.get('name')})", _code(row)) for row in others]
    if len(free) > _MOST:
        free = [*free[:_MOST], (f"{len(free) - _MOST} more settings differ: see `dreamerguard report`", "")]
    return [*costly, *free]


def _text(item: SettingDifference, row: Mapping[str, Any] | None) -> str:
    text = f"{item.key} is {item.run}, published: {item.published}"
    if row is None:
        return f"{text}; its cost is unknown"
    return f"{text}{_harm(row)} ({_code(row)} {row.get('name')})"


def _harm(row: Mapping[str, Any]) -> str:
    harm = row.get("harm")
    return f"; {harm.get('text')}" if isinstance(harm, Mapping) and harm.get("text") else ""


def _code(row: Mapping[str, Any] | None) -> str:
    return str(row.get("code", "")) if row is not None else ""


def _cost(row: Mapping[str, Any] | None) -> float:
    """Returns the rank of a finding's cost: level, then expected loss or missing updates, then severity."""
    if row is None:
        return -1.0
    harm = row.get("harm")
    severity = _SEVERITIES.get(str(row.get("severity")), 0.0)
    if not isinstance(harm, Mapping):
        return severity
    return _LEVELS.get(str(harm.get("level")), 0.0) + _share(harm) + severity / 1000


def _share(harm: Mapping[str, Any]) -> float:
    """Returns the larger of the lost share of the score and the missing share of updates, below 1."""
    found = [0.0]
    expected, reference = harm.get("expected"), harm.get("reference")
    if isinstance(expected, Mapping) and isinstance(reference, Mapping):
        ours, theirs = expected.get("median"), reference.get("median")
        if isinstance(ours, int | float) and isinstance(theirs, int | float) and theirs > 0:
            found.append(1 - ours / theirs)
    share = harm.get("update_share")
    if isinstance(share, int | float):
        found.append(1 - share)
    return min(max(found), 0.99)


def _rows(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = report.get("findings")
    return [row for row in found if isinstance(row, dict) and row.get("name")] if isinstance(found, list) else []


def _lint_stored(directory: Path, configs: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yields the findings for the first stored configuration that a program knows."""
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.engine import check_stored

    for name in configs:
        if not (directory / name).is_file():
            continue
        try:
            result = check_stored(directory / name, name=name)
        except SourceError:
            continue
        if result is not None:
            for item in result.findings:
                harm = None if item.harm is None else asdict(item.harm)
                words = {"code": item.code, "name": item.name, "message": item.message, "key": item.key}
                yield {**words, "severity": item.severity.value, "harm": harm}
            return


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
