"""Options and helpers of the commands that read logs: ``watch``, ``report``, ``compare`` and ``reference``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard.regression.watch.watcher import Status, Watcher

Runs = Annotated[list[Path], typer.Argument(help="Run directories, or directories of runs.", metavar="RUN...")]
Logdirs = Annotated[list[Path], typer.Argument(help="Run directories, or directories of runs.", metavar="LOGDIR...")]
Task = Annotated[str | None, typer.Option("--task", help="Task, if the logs do not state it.")]
Suite = Annotated[str | None, typer.Option("--suite", help="Suite, for example dmc_vision.")]
ActionRepeat = Annotated[
    int | None, typer.Option("--action-repeat", min=1, help="Frames per agent step, if the logs do not state it.")
]
Reference = Annotated[
    str | None,
    typer.Option("--reference", help="Published curves of release 2024 or 2023, or a file with your curves."),
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
