"""Published settings and scores of a task, as layers and as the reference of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from dreamerguard.core.budget import Budget, warmup
from dreamerguard.core.finding import Score
from dreamerguard.core.published import PublishedCurve, PublishedRun, PublishedValue
from dreamerguard.core.setting import Layer
from dreamerguard.core.source import Origin
from dreamerguard.core.values import as_number
from dreamerguard.schema.key_table import default_number

if TYPE_CHECKING:
    from dreamerguard.regression.published import Release
    from dreamerguard.schema.published_editions import Edition
    from dreamerguard.schema.task_data import Sourced
    from dreamerguard.schema.tasks import TaskDefaults


def task_layers(task: TaskDefaults, edition: Edition) -> Iterator[tuple[str, Layer]]:
    """Yields key and layer of every published value: first those of the suite, then those of the task."""
    from dreamerguard.schema.tasks import load_suite

    suite = load_suite(task.suite).editions.get(edition, {})
    for key, sourced in suite.items():
        yield key, Layer("suite", f"{task.suite}, edition {edition}", sourced.value, _origin(task, sourced))
    for key, sourced in task.values(edition).items():
        if suite.get(key) != sourced:
            yield key, Layer("task", f"{task.name}, edition {edition}", sourced.value, _origin(task, sourced))


def build_reference(task: TaskDefaults, edition: Edition, run_frames: float) -> PublishedRun | None:
    """Returns the published run of a task; None if its train ratio or action repeat is not published.

    If no length is published, the length of the run is used, so that only updates per frame are compared.
    """
    expected = {name: _expected(task, values) for name, values in task.editions.items()}
    budget = reference_budget(expected[edition], run_frames)
    if budget is None:
        return None
    return PublishedRun(
        task=task.name,
        suite=task.suite,
        edition=edition,
        budget=budget,
        expected=expected[edition],
        others={name: values for name, values in expected.items() if name != edition},
        load_curve=partial(_curve, task, edition, expected),
        gpu_time=_gpu_time(task, edition),
    )


def reference_budget(values: Mapping[str, PublishedValue], frames: float) -> Budget | None:
    """Returns the budget of an edition, with the schema's defaults for missing values; None without ratio or repeat."""
    if "run.train_ratio" not in values or "env.action_repeat" not in values:
        return None

    def number(key: str) -> float:
        value = values[key].value if key in values else default_number(key)
        return as_number(value) if isinstance(value, int | float) else 0.0

    size, length = number("replay.batch_size"), number("replay.batch_length")
    return Budget(
        frames=number("run.frames") if "run.frames" in values else frames,
        action_repeat=number("env.action_repeat"),
        train_ratio=number("run.train_ratio"),
        batch_size=size,
        batch_length=length,
        warmup_steps=warmup(size, length, number("run.envs"), number("replay.context")),
    )


def _expected(task: TaskDefaults, values: Mapping[str, Sourced]) -> dict[str, PublishedValue]:
    return {key: PublishedValue(item.value, _origin(task, item), item.note) for key, item in values.items()}


def _origin(task: TaskDefaults, sourced: Sourced) -> Origin:
    source = task.sources[sourced.source]
    return Origin(source.title, source.url, source.detail)


def _curve(
    task: TaskDefaults, edition: Edition, expected: Mapping[Edition, Mapping[str, PublishedValue]]
) -> PublishedCurve | None:
    """Returns the published scores with the budget of the published agent; None if either is missing."""
    from dreamerguard.regression.published import load_envelope

    release: Release = "2023" if edition == "paper-2023" else "2024"
    envelope = load_envelope(task.suite, task.name, release) if task.reference else None
    if envelope is None or envelope.edition not in expected:
        return None
    budget = reference_budget(expected[envelope.edition], envelope.budget)
    if budget is None:
        return None

    def score_at(frames: float) -> Score | None:
        score = envelope.score_at(frames)
        return Score(score.median, score.low, score.high)

    final = Score(envelope.final.median, envelope.final.min, envelope.final.max)
    source = envelope.source
    origin = Origin("published curves", f"{source.url}/tree/{source.commit}/scores", f"edition {envelope.edition}")
    return PublishedCurve(envelope.budget, score_at, final, envelope.seeds, budget, origin)


def _gpu_time(task: TaskDefaults, edition: Edition) -> tuple[str, Origin] | None:
    time = task.gpu_time.get(edition)
    if time is None:
        return None
    source = task.sources[time.source]
    text = f"{'under ' if time.upper_bound else ''}{time.days:g} GPU days{f' on one {time.gpu}' if time.gpu else ''}"
    return text, Origin(source.title, source.url, source.detail)


def published_curve(task: str, suite: str, edition: Edition) -> PublishedCurve | None:
    """Returns the published scores of a task, with the budget of the published agent; None if nothing is published.

    Args:
      task, suite: names in the spelling of the published suites.
      edition: edition of the scores; the task's default edition is used if the task lacks this one.
    """
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        found = find_task(task, suite)
    except UnknownTask:
        return None
    reference = build_reference(found, edition if edition in found.editions else found.default_edition, 1e6)
    return reference.load_curve() if reference is not None else None


def published_frames(task: str, suite: str, edition: Edition) -> float:
    """Returns the published length of a task in frames; 0 if none is published.

    Args:
      task, suite: names in the spelling of the published suites.
      edition: edition of the length; the task's default edition is used if the task lacks this one.
    """
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        found = find_task(task, suite)
    except UnknownTask:
        return 0.0
    values = _expected(found, found.editions.get(edition, found.editions[found.default_edition]))
    return as_number(values["run.frames"].value) if "run.frames" in values else 0.0
