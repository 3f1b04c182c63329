"""``dreamerguard lint``: will this configuration hurt?"""

from __future__ import annotations

from typing import Annotated

import typer

from dreamerguard.commands.shared.typer_argv import typed_words
from dreamerguard.commands.shared.typer_options import takes_options
from dreamerguard.programs.native.options import LintOptions


@takes_options(LintOptions)
def lint(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Run files, key=value settings, a task; or -- and a whole training command."),
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Task, if no file names it.")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="Edition of published defaults.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Named model size.")] = None,
    *,
    options: LintOptions,
) -> None:
    """Check a run before it trains: its keys, its values, and what its gradient updates will cost in score.

    Later files and settings win. Exit code 0: nothing at warning or error; 1: findings; 2: the input cannot be read or
    names no task; 3: nothing was checked.
    """
    from .lint_run import run_lint

    del words, task, edition, size  # for --help; read from the arguments as typed, so that findings point at them
    raise typer.Exit(run_lint(options, *typed_words(ctx)))
