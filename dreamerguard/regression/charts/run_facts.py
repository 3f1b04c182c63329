"""Collects the configuration facts that a report shows beside a run's curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dreamerguard.core.published import SettingDifference
from dreamerguard.logs import RunLog
from dreamerguard.regression.published.agents import AGENTS, agent_of
from dreamerguard.regression.watch.likely_causes import update_rate
from dreamerguard.regression.watch.watcher import Status
from dreamerguard.schema.task_data import Sourced
from dreamerguard.schema.tasks import TaskDefaults, UnknownTask, find_task

from .html import Html, count, figure, link, text


@dataclass(frozen=True, slots=True)
class RunPage:
    """Everything that a report shows about one run.

    Attributes:
      label: short name, unique in the report.
      status: the watcher's result.
      lint: the lint report stored beside the log; empty without one.
      differences: settings that differ from the published ones; None if no comparison is possible.
      why: the reason why ``differences`` is None.
      compared_with: the publication behind ``differences``.
    """

    label: str
    status: Status
    lint: Mapping[str, Any]
    differences: tuple[SettingDifference, ...] | None = None
    why: str = ""
    compared_with: str = ""


def published_task(status: Status) -> TaskDefaults | None:
    """Returns the task defaults that match the run's reference; None without a reference or a known task."""
    if status.reference is None:
        return None
    envelope = status.reference.envelope
    try:
        return find_task(envelope.task, envelope.suite)
    except UnknownTask:
        return None


def fact_rows(status: Status) -> list[tuple[Html, ...]]:
    """Returns the table rows that compare a run with the published agent: name, this run, published."""
    log = status.log
    if log is None:
        return []
    task, edition = published_task(status), status.reference.envelope.edition if status.reference else None
    values = task.editions.get(edition, {}) if task is not None and edition is not None else {}
    facts, rate = log.facts, update_rate(log)
    ratio = log.series.get("train_ratio")
    published_rate = status.reference.published_rate if status.reference else None
    budget = status.reference.envelope.budget if status.reference else None

    def published_value(key: str) -> Html:
        return _sourced(values.get(key), task)

    rows = [
        ("train ratio, configured", _number(facts.train_ratio), published_value("run.train_ratio")),
        ("train ratio, achieved", _number(ratio.last if ratio else None), text("–")),
        ("gradient updates per 1000 frames", _number(rate), _number(published_rate)),
        ("frames per action", _number(facts.action_repeat), published_value("env.action_repeat")),
        ("frames, planned", text("–" if facts.frames is None else count(facts.frames)), _frames(budget)),
        ("frames, reached", text(count(log.frames)), text("–")),
        ("edition of the settings", text(facts.edition or "–"), text(edition or "–")),
        ("seed", text("–" if facts.seed is None else facts.seed), text("–")),
        ("program", text(agent_of(log.program)), text(_agent(status) or "–")),
    ]
    return [(text(name), ours, published) for name, ours, published in rows]


def _agent(status: Status) -> str:
    """Returns the agent that made the published curves; empty without a reference or for a custom one."""
    envelope = status.reference.envelope if status.reference is not None else None
    return AGENTS[envelope.edition] if envelope is not None and envelope.release != "own" else ""


def throughput_facts(log: RunLog) -> str:
    """Formats frames and updates per second, each the median over the second half of the log; empty without either."""
    parts = []
    for metric, unit in (("fps_frames", "frames/s"), ("fps_updates", "updates/s")):
        series = log.series.get(metric)
        tail = sorted(series.tail(0.5)) if series else []
        if tail:
            parts.append(f"{figure(tail[len(tail) // 2])} {unit}")
    return ", ".join(parts)


def _number(value: float | None) -> Html:
    return text(figure(value))


def _frames(value: float | None) -> Html:
    return text("–" if value is None else count(value))


def _sourced(item: Sourced | None, task: TaskDefaults | None) -> Html:
    if item is None or task is None:
        return text("–")
    shown = figure(item.value) if isinstance(item.value, int | float) else str(item.value)
    return link(shown, task.sources[item.source].url)
