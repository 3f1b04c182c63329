"""``dreamerguard lint``: checks the configuration of a run."""

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
        typer.Argument(help="Run files (- is the standard input), key=value settings and a task; or -- and a command."),
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Task, if no file names it.")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="Edition of published defaults.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Named model size.")] = None,
    *,
    options: LintOptions,
) -> None:
    """Check a run before it trains: its keys, its values, and the score that missing gradient updates will cost.

    Later files and settings override earlier ones. Exit code 0: no warning or error; 1: a warning or an error; 2: the
    input cannot be read or names no task; 3: nothing was checked.
    """
    from .lint_run import run_lint

    del words, task, edition, size  # only for --help; read from the arguments as typed, so that findings point at them
    raise typer.Exit(run_lint(options, *typed_words(ctx)))
