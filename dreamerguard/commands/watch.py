"""``dreamerguard watch``: tests whether a running run scores below the published agent."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.log_options import (
    ActionRepeat,
    Logdirs,
    OtherLaboratory,
    Reference,
    Suite,
    Task,
    check_laboratory,
    check_reference,
    check_task,
    look,
)
from dreamerguard.commands.shared.typer_options import takes_options
from dreamerguard.programs.native.options import TrainOptions
from dreamerguard.util.terminal import echo, plain_mode

if TYPE_CHECKING:
    from pathlib import Path

    from dreamerguard.notify.listeners import Listeners
    from dreamerguard.regression.watch.watcher import Status, Watcher


class WatchFormat(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    JSON = "json"


class OnRegression(StrEnum):
    """Actions for a run with too low a score."""

    WARN = "warn"
    STOP = "stop"


@takes_options(TrainOptions, "notify", "metrics_file")
def watch(
    logdirs: Logdirs,
    task: Task = None,
    suite: Suite = None,
    action_repeat: ActionRepeat = None,
    reference: Reference = None,
    other_laboratory: OtherLaboratory = False,
    once: Annotated[bool, typer.Option("--once", help="Look once and exit, for cron and CI.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a directory that does not exist yet.")] = False,
    interval: Annotated[float, typer.Option("--interval", min=0.2, help="Seconds between two looks.")] = 5.0,
    strict: Annotated[bool, typer.Option("--strict", help="WATCH gives exit code 1 too.")] = False,
    on_regression: Annotated[
        OnRegression, typer.Option("--on-regression", help="stop sends SIGTERM to --pid at the 2 % threshold.")
    ] = OnRegression.WARN,
    pid: Annotated[int | None, typer.Option("--pid", help="Process to stop.")] = None,
    grace: Annotated[float, typer.Option("--grace", min=0, help="Seconds between the warning and SIGTERM.")] = 60.0,
    output_format: Annotated[WatchFormat, typer.Option("--output-format", help="Report to print.")] = WatchFormat.TEXT,
    *,
    options: TrainOptions,
) -> None:
    """Watch a run while it trains and compare it with the published curves of DreamerV3 or your curves.

    Reads logs of dreamerguard, dreamerv3, dreamerv3-torch, r2dreamer, sheeprl and torchrl. Ends when all runs have
    reached their planned frames, or with Ctrl-C; --once looks once.

    Exit code 0: OK, TOO EARLY, UNDECIDABLE or WATCH; 1: REGRESSED, or an error in the run's health (WATCH too with
    --strict); 2: wrong usage, or the directory is missing or cannot be read; 3: no run has a verdict (no reference, no
    log, or no scores).
    """
    from dreamerguard.commands.shared.listening import open_listeners
    from dreamerguard.commands.shared.low_runs import explain_run
    from dreamerguard.logs.follow import find_runs
    from dreamerguard.regression.watch.watcher import Watcher
    from dreamerguard.util.paths import exists

    if on_regression is OnRegression.STOP:
        _check_pid(pid)
    check_reference(reference)
    check_task(task, suite, reference)
    check_laboratory(other_laboratory, reference)
    missing = [directory for directory in logdirs if not exists(directory)]
    if missing and (once or not wait):
        hint = "" if once else "; --wait waits for it"
        fail(f"{missing[0]} does not exist{hint}")
    facts = (task, suite, action_repeat, reference, _memory_gb())
    watchers = [
        Watcher(run, *facts, explain=explain_run, other_laboratory=other_laboratory) for run in find_runs(logdirs)
    ]
    as_json = output_format is WatchFormat.JSON
    with open_listeners(options, remember=True) as listeners:
        statuses = _look(watchers, listeners)
        if once:
            _print(statuses, as_json)
            _ended(statuses, listeners)
        else:
            stop = pid if on_regression is OnRegression.STOP else None
            statuses = _follow(watchers, statuses, interval, as_json, stop, grace, listeners)
    raise typer.Exit(watch_exit_code(statuses, strict))


def _look(watchers: list[Watcher], listeners: Listeners) -> list[Status]:
    statuses = look(watchers)
    listeners.look(statuses)
    return statuses


def watch_exit_code(statuses: list[Status], strict: bool) -> int:
    """Returns the exit code of `watch` for the state of its runs."""
    from dreamerguard.core.finding import Severity
    from dreamerguard.regression.watch.verdict import State

    bad = {State.REGRESSED, State.WATCH} if strict else {State.REGRESSED}
    unhealthy = any(finding.severity is Severity.ERROR for status in statuses for finding in status.health)
    if unhealthy or any(status.verdict and status.verdict.state in bad for status in statuses):
        return 1
    return 0 if any(status.verdict for status in statuses) else 3


def _follow(
    watchers: list[Watcher],
    statuses: list[Status],
    interval: float,
    as_json: bool,
    pid: int | None,
    grace: float,
    listeners: Listeners,
) -> list[Status]:
    import os
    import sys
    import time

    from dreamerguard.commands.shared.watch_screen import Screen

    warned: float | None = None
    waits = False
    with Screen(sys.stdout.isatty() and not as_json and not plain_mode(os.environ)) as screen:
        try:
            while True:
                left = grace if warned is None else max(grace - time.monotonic() + warned, 0)
                text = "" if warned is None else f"stopping process {pid} in {left:.0f} s"
                _show(screen, statuses, as_json, text or (_waiting(statuses) if screen.live else ""))
                low = pid is not None and any(status.may_stop for status in statuses)
                warned = None if not low else time.monotonic() if warned is None else warned
                if warned is not None and pid is not None and time.monotonic() - warned >= grace:
                    _stop(pid)
                    break
                if warned is None and (ended := _ended(statuses, listeners)):
                    note(f"note: {ended}: watch ends")
                    break
                if not (waits or screen.live) and (waiting := _waiting(statuses)):
                    waits = True
                    note(f"note: {waiting}")
                time.sleep(interval if warned is None else min(interval, max(left, 0.1)))
                statuses = _look(watchers, listeners)
        except KeyboardInterrupt:
            pass
    return statuses


def _ended(statuses: list[Status], listeners: Listeners) -> str:
    """Returns why all runs have ended, empty if one may go on, and passes on every run that has ended."""
    import time

    from dreamerguard.regression.watch.ended import why_ended

    found = [why_ended(status.log, time.time()) if status.log else "" for status in statuses]
    for status, why in zip(statuses, found, strict=True):
        if why:
            listeners.ended(f"finished: {status.task}", status.directory, [why], failed=False)
    if not all(found):
        return ""
    return found[0] if len(found) == 1 else f"all {len(found)} runs have ended"


def _waiting(statuses: list[Status]) -> str:
    """Returns a line that says what watch waits for; empty while there is no log."""
    import time

    from dreamerguard.regression.watch.ended import silence

    logs = [status.log for status in statuses if status.log]
    if not logs:
        return ""
    silent = [silence(log, time.time()) for log in logs]
    grown = f"the log {silent[0]}; " if len(logs) == 1 and silent[0] else ""
    return f"{grown}watch waits for more rows, Ctrl-C ends it"


def _show(screen: object, statuses: list[Status], as_json: bool, text: str) -> None:
    from dreamerguard.commands.shared.watch_screen import Screen

    assert isinstance(screen, Screen)
    if not screen.changed(statuses, text):
        return
    if screen.live:
        screen.draw(statuses, text)
        return
    _print(statuses, as_json, screen.said)
    if text:
        echo(text, error=True)


def _print(statuses: list[Status], as_json: bool, said: dict[Path, set[str]] | None = None) -> None:
    import json

    from dreamerguard.regression.watch.status_report import status_json, status_text

    for status in statuses:
        if as_json:
            typer.echo(json.dumps(status_json(status), ensure_ascii=False, allow_nan=False))
        else:
            head = f"{status.directory}: " if len(statuses) > 1 else ""
            known = None if said is None else said.setdefault(status.directory, set())
            echo(head + status_text(status, known), fold=True)


def _check_pid(pid: int | None) -> None:
    import os

    if pid is None:
        fail("--on-regression stop needs --pid, the process that trains")
    if pid <= 1 or pid == os.getpid():
        fail(f"--pid {pid} is not a training process")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        fail(f"--pid {pid}: there is no such process")
    except PermissionError:
        fail(f"--pid {pid}: the process belongs to another user")


def _stop(pid: int) -> None:
    import os
    import signal

    try:
        os.kill(pid, signal.SIGTERM)
        echo(f"sent SIGTERM to process {pid}: its run is too low at the 2 % threshold", error=True)
    except ProcessLookupError:
        echo(f"process {pid} has already ended", error=True)


def _memory_gb() -> float | None:
    from dreamerguard.core.machine import detect_machine

    memory = detect_machine().memory
    return None if memory is None else memory / 1e9
