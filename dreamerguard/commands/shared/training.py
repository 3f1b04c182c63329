"""Trains a run that lint accepted: run directory, trainer, watcher, curve and exit code."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dreamerguard.util.terminal import echo
from dreamerguard.util.text import number_of

from .errors import fail, note

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.notify.listeners import Listeners
    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.events import Observer
    from dreamerguard_agent.failures import RunFailed
    from dreamerguard_agent.processes.group import ProcessGroup
    from dreamerguard_agent.runtime.records import RunDirectoryLost

    from .open_run import OpenedRun
    from .start_from import Start
    from .stop_signals import StopSignals


def run_training(
    config: RunConfig,
    directory: Path,
    result: Result,
    typed: list[str],
    stop: StopSignals,
    *,
    restart: bool,
    start: Start | None = None,
    listeners: Listeners | None = None,
    group: ProcessGroup | None = None,
) -> int:
    """Trains a run or continues it.

    Args:
      config: the run.
      directory: its run directory; created if needed.
      result: lint result; it is stored with the run.
      typed: the arguments as typed, for the manifest.
      stop: the signals that stop it.
      restart: whether to set an earlier run in the directory aside.
      start: where its parameters come from; None for a new agent.
      listeners: hear about the run.
      group: the processes that train it together, of which this one leads; None: this one alone.

    Returns:
      The exit code.

    Raises:
      CommandFailed: the run cannot start, failed, or its directory was lost.
    """
    from .open_run import open_run

    origin = start.facts if start is not None else None
    with open_run(config, directory, result, typed, restart=restart, origin=origin) as run:
        stop.before_end(run.lock.release)
        facts = run.starts[-1]
        echo(agents_line(config), error=True, fold=True)
        device = ", ".join(dict.fromkeys((facts["platform"], facts["device"])))
        echo(f"run directory: {directory}  ({device})", error=True)
        if group is not None:
            from .following import check_connection

            check_connection(config)
            echo(f"processes: {', '.join(f'{number}: {name}' for number, name in enumerate(group.names))}", error=True)
        return _train(run, stop, start, listeners, group)


def agents_line(config: RunConfig) -> str:
    """Returns one line: which agent is trained, with which settings, and which agent made the published curves."""
    from dreamerguard.regression.published import newest_envelope
    from dreamerguard.regression.published.agents import AGENTS, BUNDLED
    from dreamerguard.schema.tasks import UnknownTask, find_task

    settings = f" with settings of edition {config.edition}" if config.edition else ""
    try:
        task = find_task(config.task, config.suite)
        envelope = newest_envelope(task.suite, task.name)
    except UnknownTask:
        envelope = None
    curves = f"the published curves were made by {AGENTS[envelope.edition]}" if envelope else "no curves are published"
    return f"agent: the algorithm of {BUNDLED}{settings}; {curves}"


def _train(
    run: OpenedRun, stop: StopSignals, start: Start | None, listeners: Listeners | None, group: ProcessGroup | None
) -> int:
    from dreamerguard.programs.native.run_directory import agents, withdraw
    from dreamerguard_agent.checkpoints.errors import DoesNotMatch, NoSoundCheckpoint, NotSaved, OtherFormat
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.failures import DeviceFailed, OutOfStep, RunFailed
    from dreamerguard_agent.loop import train as train_agents
    from dreamerguard_agent.processes.group import ProcessLost
    from dreamerguard_agent.runtime.append_file import UnusableLogs
    from dreamerguard_agent.runtime.memory_budget import DoesNotFit
    from dreamerguard_agent.runtime.records import RunDirectoryLost

    from .exit_codes import CLEAN, DAMAGED, NOT_SAVED, PROCESS_LOST, SIGNALLED
    from .following import stopped_by
    from .progress import Progress
    from .run_files import RunFiles

    config, directory = run.config, run.directory
    own = list(agents(directory, config))
    try:
        with ExitStack() as stack:
            progress = stack.enter_context(Progress(config.run.frames))
            observer = RunFiles(_watched(progress, own, stack, listeners), run)
            outcome = train_agents(config, directory, observer, stop, start.pretrained if start else None, group)
    except (EnvError, DoesNotFit, DoesNotMatch, OtherFormat) as error:
        withdraw(directory, config)  # changes nothing if there is a checkpoint
        fail(str(error))
    except (UnusableLogs, NoSoundCheckpoint) as error:
        fail(str(error), DAMAGED)
    except NotSaved as error:
        fail(str(error), NOT_SAVED)
    except RunDirectoryLost as lost:
        _report_lost(lost, run)
    except (ProcessLost, OutOfStep) as error:
        withdraw(directory, config)
        fail(str(error), error.code if isinstance(error, ProcessLost) else PROCESS_LOST)
    except RunFailed as failed:
        if isinstance(failed, DeviceFailed):
            withdraw(directory, config)
        _report_failed(failed)
    try:
        _draw(config, directory, own)
    except Exception as error:  # a picture must not spoil a run that is saved
        note(f"curve.png is not written: {getattr(error, 'strerror', None) or error}")
    if outcome.finished:
        head = "finished" if outcome.trained else "this run was already complete, and nothing was trained"
        updates = number_of(outcome.updates, "update")
        echo(f"{head}: {outcome.frames:,} frames, {updates}; {_score(own, config.task)}", error=True)
        if not outcome.trained:
            echo(_how_to_lengthen(run), error=True)
        return CLEAN
    saved = "and saved at" if outcome.saved else "without a new step at"
    echo(f"stopped {saved} {outcome.frames:,} frames; the same command continues the run", error=True)
    return SIGNALLED + stopped_by(stop, group)


def _how_to_lengthen(run: OpenedRun) -> str:
    """Returns how to train a complete run further. Without ``--logdir``, another length is another run directory."""
    import shlex

    logdir = shlex.quote(str(run.directory))
    return (
        f"to train it longer, run the same command with run.frames above {run.config.run.frames:,} and"
        f" --logdir {logdir}; --restart starts it from the beginning"
    )


def _report_lost(lost: RunDirectoryLost, run: OpenedRun) -> NoReturn:
    from dreamerguard.programs.native.manifest import FIRST_SAVE
    from dreamerguard.programs.native.run_directory import put_back

    from .exit_codes import RUN_LOST

    if lost.saved is None:
        fail(f"{lost}, and the run could not be saved again: {lost.reason}", RUN_LOST)
    starts = [*run.starts[:-1], run.starts[-1] | {FIRST_SAVE: lost.frames}]
    try:
        put_back(lost.saved, run.config, run.lint, starts)
    except OSError as error:
        fail(f"{lost}. Checkpoint and logs were saved in {lost.saved}, but not run.yaml: {error.strerror}", RUN_LOST)
    where = "at the same place" if lost.saved == lost.directory else f"in {lost.saved}"
    option = "" if lost.saved == lost.directory else f" with --logdir {lost.saved}"
    fail(
        f"{lost}. The run was saved again {where} at {lost.frames:,} frames; the same command{option} continues it",
        RUN_LOST,
    )


def _report_failed(failed: RunFailed) -> NoReturn:
    from dreamerguard_agent.failures import DeviceFailed, EnvironmentFailed

    from .exit_codes import ENVIRONMENT_FAILED, NOT_FINITE

    saved = f". The run was saved at {failed.frames:,} frames; the same command continues it"
    code = ENVIRONMENT_FAILED if isinstance(failed, EnvironmentFailed | DeviceFailed) else NOT_FINITE
    fail(f"{failed}{saved if failed.frames is not None else ''}", code)


def _watched(inner: Observer, directories: list[Path], stack: ExitStack, listeners: Listeners | None) -> Observer:
    """Returns an observer that also watches every agent. With several agents it looks less often and prints names."""
    import os

    from dreamerguard.guard.training_observer import GUARDED, Watched

    if len(directories) == 1:
        return stack.enter_context(Watched(inner, directories[0], listeners=listeners))
    silent = os.environ.get(GUARDED) == "1"
    for directory in directories:
        say = partial(_say, directory.name, silent)
        every = 30.0 * len(directories)
        inner = stack.enter_context(Watched(inner, directory, every=every, say=say, listeners=listeners))
    return inner


def _say(name: str, silent: bool, text: str) -> None:
    if not silent:
        echo(f"{name}: {text}", error=True)


def _draw(config: RunConfig, directory: Path, own: list[Path]) -> None:
    from dreamerguard.regression.charts.png import draw_png, read_curve
    from dreamerguard.regression.published import load_envelope
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        task = find_task(config.task, config.suite)
        envelope = load_envelope(task.suite, task.name)
    except UnknownTask:
        envelope = None
    for run in own:
        draw_png(run / "curve.png", [read_curve(run, "this run")], config.task, envelope)
    if len(own) > 1:
        curves = [read_curve(run, run.name) for run in own]
        draw_png(directory / "curve.png", curves, config.task, envelope, together=True)


def _score(own: list[Path], task: str) -> str:
    from statistics import fmean, median

    from dreamerguard.regression.charts.png import read_curve
    from dreamerguard.schema.time_limits import without_limit

    try:
        runs = [scores for run in own if (scores := list(read_curve(run, "").scores)[-10:])]
    except OSError as error:
        return f"the scores cannot be read: {error.strerror or error}"
    means = [fmean(scores) for scores in runs]
    if not means:
        return f"no episode ended{f'; {task} has no time limit' if without_limit(task) else ''}"
    if len(own) == 1:
        last = f"mean of the last {len(runs[0])} episodes" if len(runs[0]) > 1 else "of the only episode"
        return f"score {means[0]:.1f}, {last}"
    if len(means) == 1:
        return f"score {means[0]:.1f} of the only seed that ended an episode"
    return f"score {median(means):.1f}, median of {len(means)} seeds from {min(means):.1f} to {max(means):.1f}"
