"""``dreamerguard lint``: will this configuration hurt?"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dreamerguard.commands.words import typed_words

if TYPE_CHECKING:
    from dreamerguard.engine import Result
    from dreamerguard.sources.argv import Command


class OutputFormat(StrEnum):
    """Formats of the report."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"


_NOTHING = """nothing to check. Examples:
  dreamerguard lint run.yaml
  dreamerguard lint run.yaml run.train_ratio=32
  dreamerguard lint --task dmc_walker_walk run.train_ratio=32
  dreamerguard lint -- dreamerguard train dmc_walker_walk run.train_ratio=32"""
#: Names of tasks have a suite and a name.
_TASK_LIKE = re.compile(r"[a-z0-9]+(_[A-Za-z0-9-]+)+(/[0-9]+)?")


def lint(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Run files, key=value settings, a task; or -- and a whole training command."),
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Task, if no file names it.")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="Edition of published defaults.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Named model size.")] = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--output-format", help="Report to print.")
    ] = OutputFormat.FULL,
    explain_budget: Annotated[
        bool, typer.Option("--explain-budget", help="Also show how the number of gradient updates comes about.")
    ] = False,
    this_machine: Annotated[
        bool, typer.Option("--this-machine", help="The run is meant for this machine: check GPU and memory too.")
    ] = False,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="List all rules and exit.")] = False,
) -> None:
    """Check a run before it trains: its keys, its values, and what its gradient updates will cost in score.

    Later files and settings win. Exit code 0: nothing at warning or error; 1: findings; 2: the input cannot be read or
    names no task; 3: nothing was checked.
    """
    del words, task, edition, size  # read from the words as typed, so that findings can point at them
    if list_rules:
        _print_rules()
        return
    command = _command(ctx)
    result = _check(command, this_machine)
    _print(result, output_format, explain_budget)
    raise typer.Exit(_exit_code(result))


def _command(ctx: typer.Context) -> Command:
    from dreamerguard.sources.argv import read_command

    own, training = typed_words(ctx)
    if training is not None:
        if not training:
            _fail("nothing to check: no command behind --", 3)
        return read_command(training)
    command = read_command(["dreamerguard", "lint", *own])
    _refuse_stray_words(command)
    return command


def _refuse_stray_words(command: Command) -> None:
    from pathlib import Path

    from dreamerguard.dialects.native_command import read_native

    arguments = read_native(command)
    if not (arguments.tasks or arguments.files or arguments.overrides):
        _fail(_NOTHING, 3)
    for word in arguments.tasks:
        if _TASK_LIKE.fullmatch(word.text):
            continue
        if Path(word.text).is_dir():
            _fail(f"{word.text!r} is a folder; name a run file inside it", 2)
        kind = "run files end in .yaml, " if Path(word.text).exists() else ""
        _fail(
            f"{word.text!r} is neither a run file, nor key=value, nor a task: {kind}`dreamerguard tasks` lists tasks", 2
        )


def _check(command: Command, this_machine: bool) -> Result:
    from dreamerguard.engine import UnknownProgram, check_command
    from dreamerguard.machine import UNKNOWN, probe
    from dreamerguard.model import SourceError

    try:
        return check_command(command, probe() if this_machine else UNKNOWN)
    except SourceError as error:
        _fail(error.message, 2)
    except UnknownProgram as error:
        _fail(f"{error}; commands that start with `dreamerguard train` can be checked", 3)


def _print(result: Result, output_format: OutputFormat, explain_budget: bool) -> None:
    import os
    import sys

    from dreamerguard.reports import FORMATS
    from dreamerguard.reports.budget import render_budget
    from dreamerguard.reports.text import wants_color

    color = wants_color(sys.stdout.isatty(), os.environ)
    if explain_budget and output_format is OutputFormat.FULL:
        typer.echo(render_budget(result.run))
    typer.echo(FORMATS[output_format](result, color), nl=False, color=True)


def _exit_code(result: Result) -> int:
    from dreamerguard.commands.exit_codes import NOTHING_CHECKED, USAGE, exit_code

    if any(finding.name == "missing-task" for finding in result.active):
        return USAGE if result.checked.settings or result.run.unknown else NOTHING_CHECKED
    return exit_code(result)


def _print_rules() -> None:
    from dreamerguard.rules import all_rules

    for rule in all_rules():
        typer.echo(f"{rule.code}  {rule.severity:<7}  {rule.name:<24}{rule.title}")


def _fail(message: str, code: int) -> NoReturn:
    from dreamerguard.reports.text import plain

    typer.echo("\n".join(plain(line) for line in f"error: {message}".split("\n")), err=True)
    raise typer.Exit(code)
