"""Adds to a run what is known of its task's time limit."""

from __future__ import annotations

from dataclasses import replace

from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Origin
from dreamerguard.schema.time_limits import without_limit


def with_time_limit(run: ResolvedRun) -> ResolvedRun:
    """Returns the run with what ends an episode, if its task is known to have no time limit."""
    task = run.setting("task")
    names = (run.reference.task if run.reference is not None else "", task.value if task is not None else "")
    for name in names:
        found = without_limit(_published_name(name)) if isinstance(name, str) and name else None
        if found is not None:
            source = found.source
            return replace(run, endless=(found.ends, Origin(source.title, source.url, source.detail)))
    return run


def _published_name(task: str) -> str:
    """Returns the published spelling of a task of the DeepMind Control Suite: ``DMC/lqr/lqr_2_1``, ``lqr_lqr_2_1``."""
    plain = task.removeprefix("DMC/").replace("/", "_")
    return plain if plain.startswith("dmc_") else f"dmc_{plain}"
