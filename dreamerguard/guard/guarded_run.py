"""Wraps any training command: lints, starts and watches it, and ends with its exit code.

The program keeps its input, output, signals and exit code. The guard prints its messages on standard error; they begin
with ``dreamerguard:``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamerguard.notify.hidden import hide_channels
from dreamerguard.notify.listeners import Listeners
from dreamerguard.sources.argv import read_command

from .child import Child, Ending
from .lint_check import Check, check_guarded_command
from .log_directory import LogPlace, log_place
from .signals import Signals
from .training_observer import GUARDED
from .watching import Watch, WatchOptions

if TYPE_CHECKING:
    from dreamerguard.core.result import Result

#: Exit codes of shells for a program that cannot be executed and for a program that does not exist.
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """The options of ``dreamerguard guard``.

    Attributes:
      allow: rule -> reason, for accepted findings.
      strict: whether to refuse commands that cannot be checked.
      config_file: lint settings to read instead of the nearest ones.
      no_config: whether to read no lint settings.
      allow_local_rules: whether code that the settings name may run.
      logdir: log directory of the program; by default as the command states.
      watch: options of the watcher.
      kill_after: seconds from SIGTERM to SIGKILL for a run that is stopped; None for no SIGKILL.
      report: file for the final status; None for no file.
      listeners: hear about the run.
    """

    allow: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    logdir: str | None = None
    watch: WatchOptions = field(default_factory=WatchOptions)
    kill_after: float | None = None
    report: Path | None = None
    listeners: Listeners = field(default_factory=Listeners)
    config_file: str | None = None
    no_config: bool = False
    allow_local_rules: bool = False


class Refused(Exception):
    """The guard did not start the command. ``check_guarded_command`` holds the reason."""

    def __init__(self, check_guarded_command: Check) -> None:
        super().__init__(check_guarded_command.unchecked or "lint does not allow the command to start")
        self.check = check_guarded_command


def say(line: str) -> None:
    """Prints one line on standard error. A closed terminal raises no error."""
    from dreamerguard.util.terminal import echo

    try:
        echo(f"dreamerguard: {line}", error=True)
    except (OSError, ValueError):
        return


def run_guarded(words: Sequence[str], options: GuardOptions) -> int:
    """Runs a training command under guard and returns its exit code, or 128 + n if signal n ended it.

    Raises:
      Refused: lint does not allow the start, or the command cannot be checked and ``strict`` is set.
      UnknownRule, SourceError: ``allow`` or the settings are wrong.
    """
    shown = hide_channels(words)
    command = read_command(shown)
    checked = check_guarded_command(
        command,
        options.allow,
        file=options.config_file,
        none=options.no_config,
        allow_local_rules=options.allow_local_rules,
    )
    if checked.withheld:
        say(checked.withheld)
    if checked.refused(options.strict):
        raise Refused(checked)
    _print_findings(checked)
    place = _find_log_place(checked, command, options)
    started = time.time()
    with Signals() as signals:
        if place is not None:
            os.environ[GUARDED] = "1"
        try:
            child = Child(words, signals, say)
        except OSError as error:
            return _cannot_start(words[0], error)
        watch = _start_watch(place, checked, shown, options, child)
        ending = child.wait()
        if watch is not None:
            watch.finish()
        _tell_end(ending, watch, shown, options.listeners)
        if options.report is not None:
            _write_report(options.report, _report(shown, options, ending, watch, started))
    _forward_interrupt(ending)
    return ending.code


def _print_findings(checked: Check) -> None:
    """Prints lint's findings, or why lint could not check. ``dreamerguard train`` prints its findings itself."""
    if checked.result is None:
        say(checked.unchecked)
    elif checked.result.findings and not checked.own:
        from dreamerguard.reports import look_of, render_full

        sys.stderr.write(render_full(checked.result, look=look_of(sys.stderr, os.environ)))


def _find_log_place(checked: Check, command: Any, options: GuardOptions) -> LogPlace | None:
    if options.logdir is not None:
        return LogPlace(options.logdir)
    try:
        place = log_place(command, checked.result)
    except Exception as error:  # only the watcher needs it
        say(f"the log directory is not known: {type(error).__name__}: {error}")
        return None
    if place is None:
        say("the command does not state its log directory, so the run is not watched: set --logdir")
    return place


def _linted(result: Result | None) -> tuple[str, str] | None:
    """Returns task and suite of a command that lint has compared with a published run."""
    task = result.run.setting("task") if result is not None else None
    if result is None or task is None or result.run.reference is None or not isinstance(task.value, str):
        return None
    return task.value, result.run.reference.suite


def _start_watch(
    place: LogPlace | None, checked: Check, words: Sequence[str], options: GuardOptions, child: Child
) -> Watch | None:
    if place is None:
        return None
    lint = None if checked.result is None or checked.own else _lint_report(checked.result, words, options.allow)
    stop = partial(child.ask_to_stop, options.kill_after)
    watch = Watch(place, options.watch, lint, say, stop, options.listeners, _linted(checked.result))
    try:
        watch.start()
    except RuntimeError as error:  # no thread is available
        say(f"the run is not watched: {error}")
        return None
    return watch


def _tell_end(ending: Ending, watch: Watch | None, words: Sequence[str], listeners: Listeners) -> None:
    """Passes on how the program ended; not after Ctrl-C, which somebody pressed."""
    if ending.interrupted:
        return
    statuses = watch.statuses if watch is not None else []
    task = f": {statuses[0].task}" if statuses else ""
    directory: Path | str = statuses[0].directory if len(statuses) == 1 else " ".join(words)
    stopped = ["the guard stopped it: too low at the 2 % threshold"] if watch is not None and watch.stopped else []
    how = f"{ending.signal.name} ended it" if ending.signal is not None else f"exit code {ending.code}"
    what = f"FAILED ({how}){task}" if ending.code else f"finished{task}"
    listeners.ended(what, directory, stopped, failed=bool(ending.code))


def _lint_report(result: Result, words: Sequence[str], allow: Mapping[str, str]) -> dict[str, Any]:
    from dreamerguard.reports.json import report_object

    return {**report_object(result), "command": list(words), "allow": dict(allow)}


def _cannot_start(program: str, error: OSError) -> int:
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    say(f"cannot start {program}: {error.strerror or error}")
    return _NOT_FOUND if missing else _NOT_EXECUTABLE


def _report(
    words: Sequence[str], options: GuardOptions, ending: Ending, watch: Watch | None, started: float
) -> dict[str, Any]:
    from dreamerguard.regression.watch.status_report import status_json

    return {
        "version": 1,
        "command": list(words),
        "allow": dict(options.allow),
        "started": started,
        "ended": time.time(),
        "exit_code": ending.code,
        "signal": ending.signal.name if ending.signal is not None else None,
        "stopped_for_regression": watch is not None and watch.stopped,
        "runs": [status_json(status) for status in watch.statuses] if watch is not None else [],
    }


def _write_report(path: Path, report: Mapping[str, Any]) -> None:
    from dreamerguard.core.atomic_write import write_atomically
    from dreamerguard.core.source import SourceError

    try:
        write_atomically(path, (json.dumps(report, indent=2, allow_nan=False) + "\n").encode())
    except (SourceError, ValueError) as error:
        say(f"the report is not written: {error}")


def _forward_interrupt(ending: Ending) -> None:
    """Ends the whole job as Ctrl-C would.

    Only the program's group had the terminal. A script that runs the guard in a loop must end too, and a shell only
    ends its loop after a child that died of SIGINT.
    """
    if ending.interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.killpg(os.getpgrp(), signal.SIGINT)
