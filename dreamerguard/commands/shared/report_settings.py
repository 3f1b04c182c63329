"""How a run's stored settings differ from those that were published for its task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dreamerguard.logs import RunLog
    from dreamerguard.regression.charts.run_facts import Difference, RunPage
    from dreamerguard.regression.watch.watcher import Status

#: What does not change what is trained, or differs between any two runs.
_NOISE = (
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
_DANIJAR_NOISE = (
    "run.report",
    "run.usage.",
    "usage.",
    "jax.",
    "task",
    "logger",
    "errfile",
    "replica",
    "script",
    "method",
)


def describe(label: str, status: Status) -> RunPage:
    """A run with its lint report and its differences from what was published."""
    from dreamerguard.regression.charts.run_facts import RunPage
    from dreamerguard.regression.watch.likely_causes import read_lint_report

    lint = read_lint_report(status.directory)
    log, reference = status.log, status.reference
    if log is None or reference is None:
        return RunPage(label, status, lint, why="There are no published settings to compare with.")
    envelope = reference.envelope
    if log.format == "native" and envelope.release != "own":
        found = _native(log, envelope.task, envelope.suite, envelope.edition)
    elif log.format == "danijar":
        found = _danijar(log, envelope.suite)
    else:
        found = None
    if found is None:
        return RunPage(label, status, lint, why="The log keeps no settings that can be compared; see the table above.")
    return RunPage(label, status, lint, found[0], "", found[1])


def _native(log: RunLog, task: str, suite: str, edition: str) -> tuple[tuple[Difference, ...], str] | None:
    from dreamerguard.api import lint_run
    from dreamerguard.core.model import Origin
    from dreamerguard.programs.native.run_directory import flatten

    result = lint_run(task, overrides=[f"suite={suite}", f"edition={edition}"])
    config = result.run.config
    if config is None:
        return None
    published = flatten(config.model_dump(mode="json"))
    origins = {}
    for key, setting in result.run.settings.items():
        origin = setting.last.origin
        if isinstance(origin, Origin):
            origins[key] = (str(origin), origin.url)
    found = _compare(log.facts.settings, published, origins, _NOISE)
    return found, f"the defaults of {task}, edition {edition}"


def _danijar(log: RunLog, preset: str) -> tuple[tuple[Difference, ...], str] | None:
    from dreamerguard.programs.danijar.editions import EDITIONS, edition_of_keys
    from dreamerguard.programs.danijar.published import preset_values

    edition = edition_of_keys(log.facts.settings)
    if edition is None:
        return None
    table = EDITIONS[edition].load()
    if preset not in table.presets:
        return None
    origin = table.origin(preset)
    published = preset_values(table, preset)
    noise = (*_NOISE, *_DANIJAR_NOISE)
    found = _compare(log.facts.settings, published, dict.fromkeys(published, (str(origin), origin.url)), noise)
    return found, f"preset {preset} of {table.title}"


def _compare(
    run: Mapping[str, Any],
    published: Mapping[str, Any],
    origins: Mapping[str, tuple[str, str]],
    noise: tuple[str, ...],
) -> tuple[Difference, ...]:
    from dreamerguard.regression.charts.run_facts import Difference

    keys = [key for key in published if key in run and not key.startswith(noise)]
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
