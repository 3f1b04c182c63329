"""``dreamerguard train``: lint first, then train, and keep everything that is needed to judge the run later."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail
from dreamerguard.commands.shared.typer_argv import typed_words
from dreamerguard.util.terminal import echo

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.events import Observer


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
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Independent agents to train together, with seeds from --seed on.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help='Train in spite of a finding: RULE="reason". Repeatable.')
    ] = None,
) -> None:
    """Train a DreamerV3 agent, after checking what it is asked to do.

    An error, or a warning of severe harm, refuses the run (exit code 78). The same command continues a run that was
    interrupted. Ctrl-C and SIGTERM save it first (exit codes 130 and 143).
    """
    del words, config, seed, seeds  # read from the words as typed, so that findings can point at them
    from dreamerguard.commands.shared.agent_extra import require_agent

    require_agent()
    typed = ["dreamerguard", "train", *typed_words(ctx)[0]]
    result = _check(typed, _reasons(allow or []))
    resolved = _accept(result)
    directory = logdir or _default_directory(resolved)
    raise typer.Exit(_run(resolved, directory, result, typed))


def _reasons(allow: list[str]) -> dict[str, str]:
    from dreamerguard.commands.shared.allowances import read_allowances

    try:
        return read_allowances(allow, note=lambda text: echo(text, error=True))
    except ValueError as error:
        fail(str(error))


def _check(typed: list[str], reasons: dict[str, str]) -> Result:
    from dreamerguard.core.machine import probe
    from dreamerguard.core.model import SourceError
    from dreamerguard.lint.engine import UnknownRule, check_native

    try:
        return check_native(command=typed, machine=probe(), allow=reasons)
    except SourceError as error:
        fail(error.message)
    except UnknownRule as error:
        fail(f"--allow: {error}")


def _accept(result: Result) -> RunConfig:
    """Shows what was found and ends the command where that forbids to train."""
    import os
    import sys

    from dreamerguard.commands.shared.exit_codes import REFUSED
    from dreamerguard.reports import render_full
    from dreamerguard.util.text import wants_color

    if result.findings:
        typer.echo(render_full(result, wants_color(sys.stderr.isatty(), os.environ)), err=True, nl=False, color=True)
    if result.refused:
        names = " ".join(f'--allow {name}="reason"' for name in sorted({finding.name for finding in result.refused}))
        accept = f", or accept it with {names}" if result.run.config is not None else ""
        echo(f"refused to train. Correct it as shown{accept}", error=True)
        raise typer.Exit(REFUSED)
    if result.run.config is None:
        fail("the configuration is not valid")
    config: RunConfig = result.run.config
    return config


def _default_directory(config: RunConfig) -> Path:
    from dreamerguard.programs.native.run_directory import default_directory

    return default_directory(config)


def _run(config: RunConfig, directory: Path, result: Result, typed: list[str]) -> int:
    from dreamerguard.programs.native import run_directory as rundir
    from dreamerguard.reports.json import report_object
    from dreamerguard_agent.runtime.device import PlatformError, configure

    try:
        facts = configure(config.runtime)
        manifest = rundir.describe_start(typed, facts)
        rundir.prepare_agents(directory, config, report_object(result), manifest)
    except (PlatformError, rundir.ConfigChanged, ValueError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot write the run directory {directory}: {error.strerror}; choose another with --logdir")
    echo(f"run directory: {directory}  ({facts['platform']}, {facts['device']})", error=True)
    return _train(config, directory)


def _train(config: RunConfig, directory: Path) -> int:
    from dreamerguard.commands.shared.exit_codes import CLEAN, SIGNALLED, USAGE
    from dreamerguard.commands.shared.progress import Progress
    from dreamerguard.commands.shared.stop_signals import StopSignals
    from dreamerguard.programs.native.run_directory import agents, withdraw
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.loop import train as train_agents
    from dreamerguard_agent.runtime.memory_budget import DoesNotFit

    own = list(agents(directory, config))
    try:
        with ExitStack() as stack:
            stop, progress = stack.enter_context(StopSignals()), stack.enter_context(Progress(config.run.frames))
            outcome = train_agents(config, directory, _watched(progress, own, stack), stop)
    except (EnvError, DoesNotFit) as error:
        withdraw(directory, config)
        echo(f"error: {error}", error=True)
        return USAGE
    _draw(config, directory, own)
    if outcome.finished:
        echo(f"finished: {outcome.frames:,} frames, {outcome.updates:,} updates; {_score(own)}", error=True)
        return CLEAN
    echo(f"stopped and saved at {outcome.frames:,} frames; the same command continues", error=True)
    return SIGNALLED + (stop.received or 0)


def _watched(inner: Observer, directories: list[Path], stack: ExitStack) -> Observer:
    """An observer that also watches every agent; each of several more rarely, and under its name."""
    import os

    from dreamerguard.guard.training_observer import GUARDED, Watched

    if len(directories) == 1:
        return stack.enter_context(Watched(inner, directories[0]))
    silent = os.environ.get(GUARDED) == "1"
    for directory in directories:
        say = partial(_say, directory.name, silent)
        inner = stack.enter_context(Watched(inner, directory, every=30.0 * len(directories), say=say))
    return inner


def _say(name: str, silent: bool, text: str) -> None:
    if not silent:
        echo(f"{name}: {text}", error=True)


def _draw(config: RunConfig, directory: Path, own: list[Path]) -> None:
    from dreamerguard.regression.charts.png import draw, read_curve
    from dreamerguard.regression.published import load_envelope
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        task = find_task(config.task, config.suite)
        envelope = load_envelope(task.suite, task.name)
    except UnknownTask:
        envelope = None
    for run in own:
        draw(run / "curve.png", [read_curve(run, "this run")], config.task, envelope)
    if len(own) > 1:
        curves = [read_curve(run, run.name) for run in own]
        draw(directory / "curve.png", curves, config.task, envelope, together=True)


def _score(own: list[Path]) -> str:
    from statistics import fmean, median

    from dreamerguard.regression.charts.png import read_curve

    runs = [scores for run in own if (scores := list(read_curve(run, "").scores)[-10:])]
    means = [fmean(scores) for scores in runs]
    if not means:
        return "no episode"
    if len(own) == 1:
        return f"score {means[0]:.1f}, mean of the last {len(runs[0])} episodes"
    return f"score {median(means):.1f}, median of {len(means)} seeds from {min(means):.1f} to {max(means):.1f}"
