"""``dreamerguard guard``: checks a training command, runs it and watches it while it trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dreamerguard.commands.shared.allowances import read_allowances
from dreamerguard.commands.shared.completions import offer, suites, tasks
from dreamerguard.commands.shared.errors import fail
from dreamerguard.commands.shared.listening import open_listeners
from dreamerguard.commands.shared.log_options import check_reference
from dreamerguard.commands.shared.typer_argv import typed_words
from dreamerguard.commands.shared.typer_options import takes_options
from dreamerguard.programs.native.options import TrainOptions

from .watch import OnRegression

if TYPE_CHECKING:
    from dreamerguard.guard.guarded_run import GuardOptions, Refused


@takes_options(TrainOptions, "allow", "notify", "metrics_file", "config_file", "no_config", "allow_local_rules")
def guard(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(help="The training command, after --.", metavar="-- COMMAND...")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a command that cannot be checked.")] = False,
    logdir: Annotated[
        str | None, typer.Option("--logdir", help="Log directory of the program; by default read from its command.")
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="Task, if the log does not state it.", autocompletion=offer(tasks))
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", help="Suite, for example dmc_vision.", autocompletion=offer(suites))
    ] = None,
    action_repeat: Annotated[
        int | None, typer.Option("--action-repeat", min=1, help="Frames per agent step, if the log does not state it.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference", help="Published curves of release 2024, 2023 or tdmpc2, or a file with your curves."
        ),
    ] = None,
    interval: Annotated[float, typer.Option("--interval", min=0.1, help="Seconds between two looks.")] = 10.0,
    on_regression: Annotated[
        OnRegression, typer.Option("--on-regression", help="stop sends SIGTERM at the 2 % threshold.")
    ] = OnRegression.WARN,
    grace: Annotated[float, typer.Option("--grace", min=0, help="Seconds between the warning and SIGTERM.")] = 60.0,
    kill_after: Annotated[
        float | None,
        typer.Option("--kill-after", min=0, help="Seconds from that SIGTERM to SIGKILL; without it, no SIGKILL."),
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="JSON file for the final status.")] = None,
    *,
    options: TrainOptions,
) -> None:
    """Check a training command of any supported program, run it and watch it while it trains.

    The program keeps its input, output and signals. The exit code is the program's, or 128 + n if signal n ended it.
    78: refused because of findings; 2: wrong usage; 126: the program cannot be executed; 127: it does not exist.
    """
    from dreamerguard.guard.guarded_run import GuardOptions
    from dreamerguard.guard.watching import WatchOptions

    command = _command(ctx, words)
    check_reference(reference)
    if report is not None and not report.absolute().parent.is_dir():
        fail(f"--report {report}: the folder does not exist")
    reasons = read_allowances(options.allow)
    stop = on_regression is OnRegression.STOP
    watch = WatchOptions(task, suite, action_repeat, reference, interval, stop, grace)
    settings = options.config_file, options.no_config, options.allow_local_rules
    with open_listeners(options, tell=_say) as listeners:
        given = GuardOptions(reasons, strict, logdir, watch, kill_after, report, listeners, *settings)
        code = _run(command, given)
    raise typer.Exit(code)


def _say(line: str) -> None:
    from dreamerguard.guard.guarded_run import say

    say(line)


def _run(command: tuple[str, ...], options: GuardOptions) -> int:
    from dreamerguard.core.source import SourceError
    from dreamerguard.guard.guarded_run import Refused
    from dreamerguard.guard.guarded_run import run_guarded as run
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
    from dreamerguard.reports import look_of, render_full

    result = refused.check.result
    if result is None:
        say(f"{refused.check.unchecked}; not started because of --strict")
        return REFUSED
    sys.stderr.write(render_full(result, look=look_of(sys.stderr, os.environ)))
    names = " ".join(f'--allow {name}="reason"' for name in sorted({finding.name for finding in result.refused}))
    say(f"refused to start. Fix the findings as shown, or accept them with {names}")
    return REFUSED


def _command(ctx: typer.Context, words: list[str] | None) -> tuple[str, ...]:
    before, after = typed_words(ctx)
    if after is None:
        import shlex

        typed = shlex.join(before) if before and not before[0].startswith("-") else "python dreamerv3/main.py ..."
        fail(f"write the training command after --:\n  dreamerguard guard -- {typed}")
    if words:
        _refuse_words(ctx, words)
    if not after:
        fail("there is no command after --")
    return after


def _refuse_words(ctx: typer.Context, words: list[str]) -> NoReturn:
    from dreamerguard.commands.shared.unknown_option import no_such_option

    option = next((word for word in words if word.startswith("-")), None)
    if option is None:
        fail(f"{words[0]!r} is not an option of guard; write the training command after --")
    fail(no_such_option(option, "guard", (name for item in ctx.command.params for name in item.opts)))
