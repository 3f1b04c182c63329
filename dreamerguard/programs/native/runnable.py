"""States whether the bundled trainer can run a task here, before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.schema.suites import (
    SUITES,
    TRAINER_PACKAGES,
    RunnableSuite,
    missing_for_training,
    missing_packages,
    suite_of,
)

from .keys import is_free_key

if TYPE_CHECKING:
    from dreamerguard.schema.tasks import TaskDefaults

#: Setting with a user's function that makes the environment; the task's name is free then.
MAKER = "env.make"


def runnable_problems(settings: Mapping[str, Setting], anchor: Span, machine: Machine) -> Iterator[Problem]:
    """Yields a problem if the trainer does not run the task's suite, or packages of the suite are missing.

    Missing packages are an error on the machine of the run. They are information if the run is for another machine.
    """
    task, maker = settings.get("task"), settings.get(MAKER)
    if task is None or not isinstance(task.value, str) or (maker is not None and maker.value):
        return
    span = task.last.span or anchor
    suite = suite_of(task.value)
    if suite is None:
        yield Problem("unsupported-suite", not_supported(task.value), Label(span), "task", help=SUPPORTED)
        return
    yield from _without_effect(settings, suite)
    here = machine.cpus is not None
    missing = missing_packages(suite) if machine.lacking is None else sorted(machine.lacking & {*suite.packages})
    trains = here or machine.lacking is not None or not set(missing_for_training(suite)) & set(TRAINER_PACKAGES)
    if missing and trains:  # a machine without the trainer only lints
        yield Problem(
            "missing-extra",
            f"tasks {suite.pattern} need packages that are not installed here: {', '.join(missing)}",
            Label(span),
            "task",
            help=f"pip install 'dreamerguard[{suite.extra}]'",
            severity=None if here else Severity.INFO,
        )


def _without_effect(settings: Mapping[str, Setting], suite: RunnableSuite) -> Iterator[Problem]:
    """Yields a problem for each setting with which the trainer refuses the suite's tasks."""
    if suite.prefix != "dmc":
        return
    for key, setting in settings.items():
        if (key == "env.time_limit" or is_free_key(key)) and setting.last.span is not None and setting.value:
            message = f"{key} has no effect on {suite.pattern}: dm_control sets the limits of its tasks"
            yield Problem("inconsistent-settings", message, Label(setting.last.span), key, help="remove it")


def unreported_problems(task: TaskDefaults | None, settings: Mapping[str, Setting], anchor: Span) -> Iterator[Problem]:
    """Yields information about an Atari game that no paper reports: its suite's settings apply."""
    if task is None or task.published or not task.suite.startswith("atari"):
        return
    span = settings["task"].last.span or anchor
    message = f"no scores are published for {task.name}; the settings are those of the suite {task.suite}"
    yield Problem("unreported-task", message, Label(span), "task")


def not_supported(task: str) -> str:
    """Returns the message about a task that the bundled trainer cannot run."""
    return f"the bundled trainer cannot run {task}; it runs {', '.join(suite.pattern for suite in SUITES)}"


def why_not_here(task: str) -> str:
    """Returns why the bundled trainer cannot run a task on this machine; empty if it can."""
    suite = suite_of(task)
    if suite is None:
        return not_supported(task)
    missing = missing_for_training(suite)
    if not missing:
        return ""
    packages = ", ".join(missing)
    return f"{task} needs packages that are not installed here ({packages}): pip install 'dreamerguard[{suite.extra}]'"


#: What to do about a task of another suite.
SUPPORTED = "choose a task of these suites; `dreamerguard guard` watches other training programs"
