"""Collects the facts for ``dreamerguard tasks`` as plain data, for its tables and for ``--json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dreamerguard.schema.published_editions import Edition
from dreamerguard.schema.suites import missing_for_training, suite_of
from dreamerguard.schema.task_data import GpuTime
from dreamerguard.schema.tasks import TaskDefaults, find_task, load_suite, prefixes, suite_names
from dreamerguard.schema.time_limits import without_limit

if TYPE_CHECKING:
    from dreamerguard.regression.published import Release

#: Shares of the budget at which the published scores are shown.
_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)


def suite_facts(suite: str) -> dict[str, Any]:
    """Returns the facts about one suite in its default edition."""
    from dreamerguard.regression.published import envelope_tasks

    data = load_suite(suite)
    values = {key: value.value for key, value in data.editions[data.default_edition].items()}
    first = find_task(next(iter(data.tasks)), suite)
    return {
        "suite": suite,
        "title": data.title,
        "tasks": len(data.tasks),
        "published": sum(entry.published for entry in data.tasks.values()),
        "editions": list(data.editions),
        "default_edition": data.default_edition,
        "default_reason": data.default_reason,
        "values": values,
        "updates_per_1000_frames": first.updates_per_1000_frames(),
        "curves": data.reference is not None or bool(envelope_tasks(suite, "tdmpc2")),
        "trainer": trainer_facts(next(iter(data.tasks))),
    }


def trainer_facts(task: str) -> dict[str, Any]:
    """Returns whether the bundled trainer can run a task here, the extra that installs it, and the missing packages.

    ``extra`` is None and ``runs`` false for a suite that the trainer does not run at all.
    """
    suite = suite_of(task)
    missing = missing_for_training(suite) if suite is not None else []
    return {
        "runs": suite is not None and not missing,
        "extra": suite.extra if suite is not None else None,
        "missing": missing,
    }


def trainer_text(facts: dict[str, Any]) -> str:
    """Returns `trainer_facts` in a few characters: ``yes``, ``no``, or the missing extra as in ``needs [atari]``."""
    if facts["runs"]:
        return "yes"
    return f"needs [{facts['extra']}]" if facts["missing"] else "no"


def suite_tasks(suite: str) -> list[dict[str, Any]]:
    """Returns the tasks of a suite with the final scores of the published agent."""
    from dreamerguard.regression.published import newest_envelope
    from dreamerguard.regression.published.laboratories import disagreement

    rows = []
    for name, entry in load_suite(suite).tasks.items():
        envelope = newest_envelope(suite, name)
        row: dict[str, Any] = {"task": name, "published": entry.published, "sparse": entry.sparse}
        row["endless"] = without_limit(name) is not None
        row["seeds"] = envelope.seeds if envelope else None
        row["laboratory"] = envelope.laboratory if envelope else None
        row["score"] = envelope.score_name if envelope else None
        row["differs"] = envelope is not None and bool(disagreement(envelope))
        row["final"] = (
            {"median": envelope.final.median, "min": envelope.final.min, "max": envelope.final.max}
            if (envelope)
            else None
        )
        rows.append(row)
    return rows


def task_facts(task: TaskDefaults) -> dict[str, Any]:
    """Returns all facts about one task."""
    from dreamerguard.regression.published import task_releases

    facts = asdict(task)
    facts["other_suites"] = [suite for suite in suite_names() if suite != task.suite and _has(task.name, suite)]
    facts["trainer"] = trainer_facts(task.name)
    endless = without_limit(task.name)
    facts["endless"] = asdict(endless) if endless is not None else None
    facts["updates"] = {edition: updates(task, edition) for edition in task.editions}
    known = task_releases(task.suite, task.name)
    facts["curves"] = {release: curve for release in known if (curve := _curve(task, release))}
    return facts


def _has(name: str, suite: str) -> bool:
    return suite in prefixes().get(name.split("_", 1)[0], ()) and name in load_suite(suite).tasks


def updates(task: TaskDefaults, edition: Edition) -> dict[str, float | None]:
    """Returns the updates of an edition at batch 16 x 64, per 1000 frames and in total; None for a missing number."""
    rate = task.updates_per_1000_frames(edition)
    frames = task.values(edition).get("run.frames")
    total = None if rate is None or frames is None else rate * float(frames.value) / 1000
    return {"per_1000_frames": rate, "total": total}


def gpu_time(time: GpuTime) -> str:
    """Returns a time for people, as in ``below 1 day`` or ``0.3 days (A100)``."""
    days = f"{'below ' if time.upper_bound else ''}{time.days:g} {'day' if time.days == 1 else 'days'}"
    return f"{days} ({time.gpu})" if time.gpu else days


def _curve(task: TaskDefaults, release: Release) -> dict[str, Any] | None:
    from dreamerguard.regression.published import load_envelope
    from dreamerguard.regression.published.laboratories import disagreement

    envelope = load_envelope(task.suite, task.name, release)
    if envelope is None:
        return None
    points = [round(share * envelope.budget) for share in _SHARES]
    return {
        "edition": envelope.edition,
        "note": envelope.note,
        "laboratory": envelope.laboratory,
        "score": envelope.score_name,
        "evaluation_interval": envelope.interval or None,
        "seeds": envelope.seeds,
        "budget": envelope.budget,
        "judged_from": envelope.flat_run_caught_at,
        "disagreement": disagreement(envelope) or None,
        "action_repeat": envelope.action_repeat,
        "scores": [{"frames": frames, **_scores(envelope.score_at(frames))} for frames in points],
        "final": {"median": envelope.final.median, "min": envelope.final.min, "max": envelope.final.max},
        "reach": [
            {"share": share, "reached": row.reached, "median": row.median, "first": row.first, "last": row.last}
            for share, row in envelope.reach.items()
        ],
        "source": f"{envelope.source.url}/tree/{envelope.source.commit} ({envelope.source.files})",
    }


def _scores(scores: Any) -> dict[str, float]:
    return {"median": scores.median, "min": scores.low, "max": scores.high}
