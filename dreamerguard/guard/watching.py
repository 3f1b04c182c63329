"""Watches a guarded program's log in a thread. Whatever goes wrong in it is one line and nothing else."""

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
    from dreamerguard.regression.watch.watcher import Status, Watcher

#: Lint report beside the log of a program that stores none itself.
LINT_FILE = "dreamerguard-lint.json"
#: Seconds that the last look may take once the program has ended.
_LAST_LOOK = 10.0


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How to watch; see the options of ``dreamerguard guard``."""

    task: str | None = None
    suite: str | None = None
    action_repeat: int | None = None
    reference: str | None = None
    interval: float = 10.0
    stop: bool = False
    grace: float = 60.0


class Watch:
    """Looks at a log again and again, and says when the verdict changes.

    Args:
      place: where the log will be.
      options: how to watch.
      lint: the lint report to be stored beside the log; None for none.
      say: tells people one line; must not fail.
      stop: asks the program to stop; called at most once.
    """

    def __init__(
        self,
        place: LogPlace,
        options: WatchOptions,
        lint: Mapping[str, Any] | None,
        say: Callable[[str], None],
        stop: Callable[[], None],
    ) -> None:
        self.statuses: list[Status] = []
        self.stopped = False
        self._place, self._options, self._lint = place, options, lint
        self._say, self._stop = say, stop
        self._directory: Path | None = None
        self._watchers: dict[Path, Watcher] = {}
        self._said: dict[Path, object] = {}
        self._failures: set[str] = set()
        self._warned: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dreamerguard watch", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def finish(self) -> None:
        """Ends watching with one last look, which is given up when the file system hangs."""
        self._over.set()
        self._thread.join(_LAST_LOOK)
        if self._thread.is_alive():
            self._say("the last look at the log takes too long and is left out")
        elif not any(status.log for status in self.statuses):
            self._say(f"the run was not watched: there is no log in {self._place}")

    def _run(self) -> None:
        while not self._over.wait(self._pause()):
            self._guarded_step()
        self._guarded_step(last=True)

    def _pause(self) -> float:
        interval = self._options.interval
        if self._warned is None or self.stopped:
            return interval
        return min(interval, max(self._warned + self._options.grace - time.monotonic(), 0.1))

    def _guarded_step(self, last: bool = False) -> None:
        try:
            self._step(last)
        except Exception as error:  # the watcher may fail, the training may not
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        from dreamerguard.logs import LogError

        known = isinstance(error, LogError)
        text = str(error) if known else f"watching failed: {type(error).__name__}: {error}"
        if text not in self._failures:
            self._failures.add(text)
            self._say(" ".join(text.split()) + "; the training goes on")

    def _step(self, last: bool) -> None:
        from dreamerguard.regression.watch.watcher import look_at_all

        self._directory = self._directory or self._place.find()
        if self._directory is None:
            return
        self._store_lint(self._directory)
        self._find_runs(self._directory)
        self.statuses = look_at_all(list(self._watchers.values()))
        for status in self.statuses:
            self._tell(status)
        if self._options.stop and not last:
            # Several agents of one program end together, so none may be worth going on with.
            self._consider_stop(all(status.may_stop for status in self.statuses))

    def _find_runs(self, directory: Path) -> None:
        """One run, or the agents of a program that trains several; what has no log yet may become either."""
        from dreamerguard.logs.follow import find_runs

        single = self._watchers.get(directory)
        if single is not None and any(status.log and len(status.log.scores[0]) for status in self.statuses):
            return
        found = find_runs([directory])
        self._watchers = {run: self._watchers.get(run) or self._open(run) for run in found}

    def _open(self, directory: Path) -> Watcher:
        from dreamerguard.core.machine import probe
        from dreamerguard.regression.watch.watcher import Watcher

        options, memory = self._options, probe().memory
        gigabytes = None if memory is None else memory / 1e9
        return Watcher(directory, options.task, options.suite, options.action_repeat, options.reference, gigabytes)

    def _store_lint(self, directory: Path) -> None:
        """Keeps the lint report, with the reasons of what was allowed, once the program has made the directory."""
        if self._lint is None or not directory.is_dir():
            return
        from dreamerguard.core.files import write_atomically
        from dreamerguard.core.model import SourceError

        text, self._lint = json.dumps(self._lint, indent=2) + "\n", None
        try:
            write_atomically(directory / LINT_FILE, text.encode())
        except SourceError as error:
            self._say(f"the lint report is not kept: {error.message}")

    def _tell(self, status: Status) -> None:
        from dreamerguard.regression.watch.status_report import headline, status_text

        if status.log is None:
            return
        said = (headline(status), status.no_reference, tuple(finding.name for finding in status.health))
        if said != self._said.get(status.directory):
            self._said[status.directory] = said
            name = f"{status.directory.name}: " if len(self._watchers) > 1 else ""
            for line in status_text(status).splitlines():
                self._say(name + line)

    def _consider_stop(self, low: bool) -> None:
        grace = self._options.grace
        if self.stopped:
            return
        if not low:
            if self._warned is not None:
                self._say("the run is no longer below the 2 % threshold: it is not stopped")
            self._warned = None
            return
        if self._warned is None:
            self._warned = time.monotonic()
            self._say(f"below the 2 % threshold: SIGTERM in {grace:g} s")
        if time.monotonic() - self._warned >= grace:
            self.stopped = True
            self._say("sent SIGTERM: the run is too low at the 2 % threshold")
            self._stop()
