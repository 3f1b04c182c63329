"""``dreamerguard guard``: run any training command, checked before and watched while it trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail
from dreamerguard.commands.shared.log_options import check_reference
from dreamerguard.commands.shared.typer_argv import typed_words

from .watch import OnRegression

if TYPE_CHECKING:
    from dreamerguard.guard.guarded_run import GuardOptions, Refused


def guard(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(help="Behind --: the training command.", metavar="-- COMMAND...")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help='Start in spite of a finding: RULE="reason". Repeatable.')
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a command that cannot be checked.")] = False,
    logdir: Annotated[
        str | None, typer.Option("--logdir", help="Where the program logs; by default as its command says.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Task, where the log does not tell.")] = None,
    suite: Annotated[str | None, typer.Option("--suite", help="Suite, for example dmc_vision.")] = None,
    action_repeat: Annotated[
        int | None, typer.Option("--action-repeat", min=1, help="Frames per agent step, where the log does not tell.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="2024 or 2023, the published curves, or a file of own ones.")
    ] = None,
    interval: Annotated[float, typer.Option("--interval", min=0.1, help="Seconds between two looks.")] = 10.0,
    on_regression: Annotated[
        OnRegression, typer.Option("--on-regression", help="stop sends SIGTERM at the 2 % threshold.")
    ] = OnRegression.WARN,
    grace: Annotated[float, typer.Option("--grace", min=0, help="Seconds between the warning and SIGTERM.")] = 60.0,
    kill_after: Annotated[
        float | None, typer.Option("--kill-after", min=0, help="Seconds from that SIGTERM to SIGKILL; else never.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="JSON file for the final status.")] = None,
) -> None:
    """Run a training command of any supported program, checked before and watched while it trains.

    Input, output, signals and the exit code are the program's own; 128 + n when signal n ended it. 78: refused because
    of what lint found; 2: usage; 126 and 127: the program cannot be executed, or does not exist.
    """
    from dreamerguard.commands.shared.allowances import read_allowances
    from dreamerguard.guard.guarded_run import GuardOptions
    from dreamerguard.guard.watching import WatchOptions

    command = _command(ctx, words)
    check_reference(reference)
    if report is not None and not report.absolute().parent.is_dir():
        fail(f"--report {report}: the folder does not exist")
    try:
        reasons = read_allowances(allow or [], note=lambda text: typer.echo(text, err=True))
    except ValueError as error:
        fail(str(error))
    stop = on_regression is OnRegression.STOP
    watch = WatchOptions(task, suite, action_repeat, reference, interval, stop, grace)
    raise typer.Exit(_run(command, GuardOptions(reasons, strict, logdir, watch, kill_after, report)))


def _run(command: tuple[str, ...], options: GuardOptions) -> int:
    from dreamerguard.core.model import SourceError
    from dreamerguard.guard.guarded_run import Refused
    from dreamerguard.guard.guarded_run import guard as run
    from dreamerguard.lint.engine import UnknownRule

    try:
        return run(command, options)
    except Refused as refused:
        return _refuse(refused)
    except UnknownRule as error:
        fail(f"--allow: {error}")
    except SourceError as error:
        fail(error.message)


def _refuse(refused: Refused) -> int:
    import os
    import sys

    from dreamerguard.commands.shared.exit_codes import REFUSED
    from dreamerguard.guard.guarded_run import say
    from dreamerguard.reports import render_full
    from dreamerguard.util.text import wants_color

    result = refused.check.result
    if result is None:
        say(f"{refused.check.unchecked}; refused to start it because of --strict")
        return REFUSED
    sys.stderr.write(render_full(result, wants_color(sys.stderr.isatty(), os.environ)))
    names = " ".join(f'--allow {name}="reason"' for name in sorted({finding.name for finding in result.refused}))
    say(f"refused to start. Correct it as shown, or accept it with {names}")
    return REFUSED


def _command(ctx: typer.Context, words: list[str] | None) -> tuple[str, ...]:
    before, behind = typed_words(ctx)
    if behind is None:
        fail("write the training command behind --, for example: dreamerguard guard -- python dreamerv3/main.py ...")
    if words:
        fail(f"{words[0]!r} is no option of guard; the training command stands behind --")
    del before
    if not behind:
        fail("there is no command behind --")
    return behind
