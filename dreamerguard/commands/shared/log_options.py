"""Options and helpers of the commands that read logs: ``watch``, ``report``, ``compare`` and ``reference``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.completions import offer, suites, tasks

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard.regression.watch.watcher import Status, Watcher

Runs = Annotated[list[Path], typer.Argument(help="Run directories, or directories of runs.", metavar="RUN...")]
Logdirs = Annotated[list[Path], typer.Argument(help="Run directories, or directories of runs.", metavar="LOGDIR...")]
Task = Annotated[
    str | None, typer.Option("--task", help="Task, if the logs do not state it.", autocompletion=offer(tasks))
]
Suite = Annotated[
    str | None, typer.Option("--suite", help="Suite, for example dmc_vision.", autocompletion=offer(suites))
]
ActionRepeat = Annotated[
    int | None, typer.Option("--action-repeat", min=1, help="Frames per agent step, if the logs do not state it.")
]
Reference = Annotated[
    str | None,
    typer.Option("--reference", help="Published curves of release 2024, 2023 or tdmpc2, or a file with your curves."),
]
OtherLaboratory = Annotated[
    bool,
    typer.Option(
        "--other-laboratory",
        help="Judge the run as one of a laboratory or program that may learn up to 20 % slower than the published one.",
    ),
]
Baseline = Annotated[
    list[Path] | None,
    typer.Option(
        "--baseline",
        "-b",
        help="Baseline runs, or folders of runs: all paths up to the next option.",
        metavar="BASELINE...",
    ),
]
Margin = Annotated[
    float, typer.Option("--margin", min=0.001, max=1, help="Accepted loss, as a share of the learned score.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", help="Compare even if x-unit, action-repeat, score-kind or edition differ. Repeatable."),
]


def look(watchers: Sequence[Watcher]) -> list[Status]:
    """Returns the current status of the runs. Ends the command if a log cannot be read."""
    from dreamerguard.logs import LogError
    from dreamerguard.regression.watch.watcher import look_at_all

    try:
        return look_at_all(watchers)
    except LogError as error:
        fail(str(error))


def check_reference(name: str | None) -> None:
    """Ends the command if ``--reference`` names neither a release nor a file of curves."""
    from dreamerguard.regression.reference.choice import is_published, own_curves

    if name is not None and not is_published(name):
        try:
            own_curves(Path(name))
        except ValueError as error:
            fail(f"--reference {error}")


def check_laboratory(other: bool, reference: str | None) -> None:
    """Ends the command if ``--other-laboratory`` is given with custom curves."""
    from dreamerguard.regression.reference.choice import is_published

    if other and not is_published(reference):
        fail("--other-laboratory is for published curves: your own curves are already those of your laboratory")


def check_task(task: str | None, suite: str | None, reference: str | None) -> None:
    """Ends the command if ``--task`` or ``--suite`` names nothing that exists, in the published data or in a reference.

    Args:
      task, suite: the values as typed; None without the option.
      reference: a valid value of ``--reference``. A file of custom curves has its own tasks.
    """
    from dreamerguard.regression.reference.choice import is_published, own_curves
    from dreamerguard.schema.tasks import UnknownTask, check_suite, find_task
    from dreamerguard.util.hints import did_you_mean, nearest

    if not is_published(reference):
        curves = own_curves(Path(str(reference)))
        if suite is not None and suite != curves.suite:
            fail(f"--suite {suite}: {reference} holds curves of suite {curves.suite}")
        if task is not None and task not in curves.envelopes:
            near = next(iter(nearest(task, curves.envelopes)), None)
            known = did_you_mean(near) or f"; it has {', '.join(curves.envelopes)}"
            fail(f"--task {task}: {reference} holds no curves of this task{known}")
        return
    try:
        if suite is not None:
            check_suite(suite)
    except UnknownTask as error:
        fail(f"--suite {suite}: {error}")
    try:
        if task is not None:
            find_task(task, suite)
    except UnknownTask as error:
        fail(f"--task {task}: {error}")
