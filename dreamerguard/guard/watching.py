"""Watches a guarded program's log in a thread. A failure of the watcher prints one line and changes nothing else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .log_directory import LogPlace

if TYPE_CHECKING:
    from dreamerguard.notify.listeners import Listeners
    from dreamerguard.regression.watch.watcher import Status, Watcher

#: File name of the lint report that the guard stores beside the log.
LINT_FILE = "dreamerguard-lint.json"
#: Longest time in seconds for the last look after the program has ended.
_LAST_LOOK = 10.0


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """The watcher's options; see the options of ``dreamerguard guard``."""

    task: str | None = None
    suite: str | None = None
    action_repeat: int | None = None
    reference: str | None = None
    interval: float = 10.0
    stop: bool = False
    grace: float = 60.0


class Watch:
    """Looks at a log repeatedly and prints each change of the verdict.

    Args:
      place: the log directory.
      options: the watcher's options.
      lint: the lint report to store beside the log; None for no report.
      say: prints one line for the user; must not fail.
      stop: asks the program to stop; called at most once.
      listeners: hear every status.
      linted: task and suite of the command, as lint knows them.
    """

    def __init__(
        self,
        place: LogPlace,
        options: WatchOptions,
        lint: Mapping[str, Any] | None,
        say: Callable[[str], None],
        stop: Callable[[], None],
        listeners: Listeners | None = None,
        linted: tuple[str, str] | None = None,
    ) -> None:
        self._linted = linted
        self.statuses: list[Status] = []
        self.stopped = False
        self._place, self._options, self._lint = place, options, lint
        self._say, self._stop, self._listeners = say, stop, listeners
        self._directory: Path | None = None
        self._watchers: dict[Path, Watcher] = {}
        self._printed: dict[Path, object] = {}
        self._said: dict[Path, set[str]] = {}
        self._failures: set[str] = set()
        self._warned_at: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dreamerguard watch", daemon=True)

    def start(self) -> None:
        """Starts the watcher thread."""
        self._thread.start()

    def finish(self) -> None:
        """Ends watching after one last look; abandons that look if the file system hangs."""
        self._ended.set()
        self._thread.join(_LAST_LOOK)
        if self._thread.is_alive():
            self._say("the last look at the log took too long and is skipped")
        elif not any(status.log for status in self.statuses):
            self._say(f"the run was not watched: there is no log in {self._place}")

    def _run(self) -> None:
        while not self._ended.wait(self._pause()):
            self._safe_step()
        self._safe_step(last=True)

    def _pause(self) -> float:
        interval = self._options.interval
        if self._warned_at is None or self.stopped:
            return interval
        return min(interval, max(self._warned_at + self._options.grace - time.monotonic(), 0.1))

    def _safe_step(self, last: bool = False) -> None:
        try:
            self._step(last)
        except Exception as error:  # the watcher may fail, the training may not
            self._report_failure(error)

    def _report_failure(self, error: Exception) -> None:
        from dreamerguard.logs import LogError

        known = isinstance(error, LogError)
        text = str(error) if known else f"watching failed: {type(error).__name__}: {error}"
        if text not in self._failures:
            self._failures.add(text)
            self._say(" ".join(text.split()) + "; the training continues")

    def _step(self, last: bool) -> None:
        from dreamerguard.regression.watch.watcher import look_at_all

        self._directory = self._directory or self._place.find()
        if self._directory is None:
            return
        self._store_lint(self._directory)
        self._find_runs(self._directory)
        self.statuses = look_at_all(list(self._watchers.values()))
        for status in self.statuses:
            self._print_change(status)
        if self._listeners is not None:
            self._listeners.look(self.statuses)
        if self._options.stop and not last:
            # Several agents of one program end together, so all of them must be too low.
            self._consider_stop(all(status.may_stop for status in self.statuses))

    def _find_runs(self, directory: Path) -> None:
        """Finds the single run, or the runs of a program that trains several agents, until a single run has scores."""
        from dreamerguard.logs.follow import find_runs

        single = self._watchers.get(directory)
        if single is not None and any(status.log and len(status.log.scores[0]) for status in self.statuses):
            return
        found = find_runs([directory])
        self._watchers = {run: self._watchers.get(run) or self._new_watcher(run) for run in found}

    def _new_watcher(self, directory: Path) -> Watcher:
        from dreamerguard.core.machine import detect_machine
        from dreamerguard.lint.run_differences import explain_low_run
        from dreamerguard.regression.watch.watcher import Watcher

        options, memory = self._options, detect_machine().memory
        gigabytes = None if memory is None else memory / 1e9
        facts = (options.task, options.suite, options.action_repeat, options.reference)
        return Watcher(directory, *facts, gigabytes, explain=explain_low_run, linted=self._linted)

    def _store_lint(self, directory: Path) -> None:
        """Stores the lint report, with the reasons of accepted findings, once the program has made the directory."""
        if self._lint is None or not directory.is_dir():
            return
        from dreamerguard.util.replace_file import replace_file

        text, self._lint = json.dumps(self._lint, indent=2) + "\n", None
        try:
            replace_file(directory / LINT_FILE, text.encode())
        except OSError as error:
            self._say(f"the lint report is not stored: cannot write {directory / LINT_FILE}: {error.strerror}")

    def _print_change(self, status: Status) -> None:
        from dreamerguard.regression.watch.status_report import headline, status_text, why_no_verdict

        if status.log is None:
            return
        current = (headline(status), why_no_verdict(status), tuple(finding.name for finding in status.health))
        if current != self._printed.get(status.directory):
            self._printed[status.directory] = current
            name = f"{status.directory.name}: " if len(self._watchers) > 1 else ""
            for line in status_text(status, self._said.setdefault(status.directory, set())).splitlines():
                self._say(name + line)

    def _consider_stop(self, low: bool) -> None:
        grace = self._options.grace
        if self.stopped:
            return
        if not low:
            if self._warned_at is not None:
                self._say("the run is no longer below the 2 % threshold: it is not stopped")
            self._warned_at = None
            return
        if self._warned_at is None:
            self._warned_at = time.monotonic()
            self._say(f"the run is below the 2 % threshold: SIGTERM in {grace:g} s")
        if time.monotonic() - self._warned_at >= grace:
            self.stopped = True
            self._say("sent SIGTERM: the run is too low at the 2 % threshold")
            self._stop()
