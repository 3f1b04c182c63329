"""Runs the watcher inside ``dreamerguard train`` as an observer of the run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .forwarding import ForwardingObserver, TrainingObserver

if TYPE_CHECKING:
    from dreamerguard.notify.listeners import Listeners
    from dreamerguard.regression.watch.watcher import Status, Watcher

#: File in the run directory with the last status of the watcher.
STATUS = "status.json"
#: Environment variable of a program under guard; the guard prints the verdicts.
GUARDED = "DREAMERGUARD_GUARDED"
#: Largest share of the time that looks may take.
_SHARE = 0.01


def _say(line: str) -> None:
    from dreamerguard.util.terminal import echo

    echo(line, error=True)


class Watched(ForwardingObserver):
    """Forwards all events to another observer, and periodically lets a watcher look at the log.

    The watcher cannot disturb the training: its errors become one line. Slow looks are made less often, so that they
    take at most a hundredth of the time.

    Args:
      inner: the observer that receives all events.
      directory: directory of the run.
      every: smallest number of seconds between two looks.
      say: prints a line; by default on standard error, or nothing if a guard runs this process.
      clock: function that returns seconds.
      listeners: hear every status.
    """

    def __init__(
        self,
        inner: TrainingObserver,
        directory: Path,
        every: float = 30.0,
        say: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        listeners: Listeners | None = None,
    ) -> None:
        super().__init__(inner)
        self._directory, self._every, self._clock = directory, every, clock
        self._listeners = listeners
        silent = os.environ.get(GUARDED) == "1"
        self._say: Callable[[str], None] = say or ((lambda line: None) if silent else _say)
        self._watcher: Watcher | None = None
        self._due = clock() + every
        self._printed: object = None
        self._said: set[str] = set()
        self._failed = self._trained = False

    def __enter__(self) -> Watched:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._trained:  # else the log is that of an earlier start
            self.look()

    def metrics(self, row: Mapping[str, float]) -> None:
        """Forwards a row of metrics, and looks at the log if the interval is over."""
        super().metrics(row)
        self._trained = True
        if self._clock() >= self._due:
            self.look()

    def look(self) -> None:
        """Looks at the log once: prints a changed status and stores the status in the run directory."""
        start = self._clock()
        try:
            self._look()
        except Exception as error:  # the watcher may fail, the training may not
            self._report_failure(error)
        end = self._clock()
        self._due = end + max(self._every, (end - start) / _SHARE)

    def _look(self) -> None:
        from dreamerguard.core.machine import detect_machine
        from dreamerguard.lint.run_differences import explain_low_run
        from dreamerguard.regression.watch.watcher import Watcher

        if self._watcher is None:
            memory = detect_machine().memory
            gigabytes = None if memory is None else memory / 1e9
            self._watcher = Watcher(self._directory, memory_gb=gigabytes, explain=explain_low_run)
        status = self._watcher.look()
        if status.log is not None:
            self._print_change(status)
            if self._listeners is not None:
                self._listeners.look([status])
            self._store(status)

    def _print_change(self, status: Status) -> None:
        from dreamerguard.regression.watch.status_report import headline, status_text

        current = (headline(status), tuple(finding.name for finding in status.health))
        if current != self._printed:
            self._printed = current
            self._say(status_text(status, self._said))

    def _store(self, status: Status) -> None:
        from dreamerguard.regression.watch.status_report import status_json
        from dreamerguard.util.replace_file import replace_file

        text = json.dumps(status_json(status), indent=2, allow_nan=False) + "\n"
        replace_file(self._directory / STATUS, text.encode(), durable=False)

    def _report_failure(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            with suppress(Exception):
                self._say(f"watching failed: {type(error).__name__}: {error}; the training continues")
