"""``dreamerguard train``: lint first, then train, and keep everything that is needed to judge the run later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dreamerguard.commands.typer_words import typed_words

if TYPE_CHECKING:
    from dreamerguard.engine import Result
    from dreamerguard.schema import RunConfig


def train(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(help="The task, run files and key=value settings.", metavar="TASK [key=value]")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Run file.")] = None,
    logdir: Annotated[
        Path | None, typer.Option("--logdir", help="Run directory; by default runs/ and a name from the configuration.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="First seed.")] = None,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help='Train in spite of a finding: RULE="reason". Repeatable.')
    ] = None,
) -> None:
    """Train a DreamerV3 agent, after checking what it is asked to do.

    An error, or a warning of severe harm, refuses the run (exit code 78). The same command continues a run that was
    interrupted. Ctrl-C and SIGTERM save it first (exit codes 130 and 143).
    """
    del words, config, seed  # read from the words as typed, so that findings can point at them
    from dreamerguard.commands.agent_extra import require_agent

    require_agent()
    typed = ["dreamerguard", "train", *typed_words(ctx)[0]]
    result = _check(typed, _reasons(allow or []))
    resolved = _accept(result)
    directory = logdir or _default_directory(resolved)
    raise typer.Exit(_run(resolved, directory, result, typed))


def _reasons(allow: list[str]) -> dict[str, str]:
    from dreamerguard.commands.allowances import read_allowances

    try:
        return read_allowances(allow)
    except ValueError as error:
        _fail(str(error))


def _check(typed: list[str], reasons: dict[str, str]) -> Result:
    from dreamerguard.engine import UnknownRule, check_native
    from dreamerguard.machine import probe
    from dreamerguard.model import SourceError

    try:
        return check_native(command=typed, machine=probe(), allow=reasons)
    except SourceError as error:
        _fail(error.message)
    except UnknownRule as error:
        _fail(f"--allow: {error}")


def _accept(result: Result) -> RunConfig:
    """Shows what was found and ends the command where that forbids to train."""
    import os
    import sys

    from dreamerguard.commands.exit_codes import REFUSED
    from dreamerguard.reports import render_full
    from dreamerguard.reports.text import wants_color

    if result.findings:
        typer.echo(render_full(result, wants_color(sys.stderr.isatty(), os.environ)), err=True, nl=False, color=True)
    if result.refused:
        names = " ".join(f'--allow {name}="reason"' for name in sorted({finding.name for finding in result.refused}))
        accept = f", or accept it with {names}" if result.run.config is not None else ""
        typer.echo(f"refused to train. Correct it as shown{accept}", err=True)
        raise typer.Exit(REFUSED)
    if result.run.config is None:
        _fail("the configuration is not valid")
    return result.run.config


def _default_directory(config: RunConfig) -> Path:
    from dreamerguard.rundir import default_directory

    return default_directory(config)


def _run(config: RunConfig, directory: Path, result: Result, typed: list[str]) -> int:
    import json

    from dreamerguard import rundir
    from dreamerguard.reports import render_json
    from dreamerguard_agent.runtime import PlatformError, configure

    try:
        facts = configure(config.runtime)
        manifest = rundir.describe_start(typed, facts)
        rundir.prepare(directory, config, json.loads(render_json(result)), manifest)
    except (PlatformError, rundir.ConfigChanged, ValueError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write the run directory {directory}: {error.strerror}; choose another with --logdir")
    typer.echo(f"run directory: {directory}  ({facts['platform']}, {facts['device']})", err=True)
    return _train(config, directory)


def _train(config: RunConfig, directory: Path) -> int:
    from dreamerguard.commands.exit_codes import CLEAN, SIGNALLED, USAGE
    from dreamerguard.commands.stopping import StopSignals
    from dreamerguard.guarding.observer import Watched
    from dreamerguard.progress import Progress
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.loop import train as train_agent

    try:
        with StopSignals() as stop, Progress(config.run.frames) as progress, Watched(progress, directory) as watched:
            outcome = train_agent(config, directory, watched, stop)
    except EnvError as error:
        typer.echo(f"error: {error}", err=True)
        return USAGE
    _draw(config, directory)
    if outcome.finished:
        typer.echo(f"finished: {outcome.frames:,} frames, {outcome.updates:,} updates; {_score(directory)}", err=True)
        return CLEAN
    typer.echo(f"stopped and saved at {outcome.frames:,} frames; the same command continues", err=True)
    return SIGNALLED + (stop.received or 0)


def _draw(config: RunConfig, directory: Path) -> None:
    from dreamerguard.reference import load_envelope
    from dreamerguard.regress.curve import draw, read_curve
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        task = find_task(config.task, config.suite)
        envelope = load_envelope(task.suite, task.name)
    except UnknownTask:
        envelope = None
    draw(directory / "curve.png", [read_curve(directory, "this run")], config.task, envelope)


def _score(directory: Path) -> str:
    from dreamerguard.regress.curve import read_curve

    scores = list(read_curve(directory, "").scores)[-10:]
    return f"score {sum(scores) / len(scores):.1f}, mean of the last {len(scores)} episodes" if scores else "no episode"


def _fail(message: str) -> NoReturn:
    from dreamerguard.commands.exit_codes import USAGE

    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(USAGE)
