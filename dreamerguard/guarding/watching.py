"""Watches a guarded program's log in a thread. Whatever goes wrong in it is one line and nothing else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .logdir import LogPlace

if TYPE_CHECKING:
    from dreamerguard.regress.watcher import Status, Watcher

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
        self.status: Status | None = None
        self.stopped = False
        self._place, self._options, self._lint = place, options, lint
        self._say, self._stop = say, stop
        self._watcher: Watcher | None = None
        self._said: object = None
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
        elif self.status is None or self.status.log is None:
            self._say(f"the run was not watched: there is no log in {self._place}")

    @property
    def directory(self) -> Path | None:
        """The log directory, once it is found."""
        return self._watcher.directory if self._watcher else None

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
        self._watcher = self._watcher or self._open()
        if self._watcher is None:
            return
        self._store_lint(self._watcher.directory)
        self.status = self._watcher.look()
        self._tell(self.status)
        if self._options.stop and not last:
            self._consider_stop(self.status.may_stop)

    def _open(self) -> Watcher | None:
        from dreamerguard.machine import probe
        from dreamerguard.regress.watcher import Watcher

        directory = self._place.find()
        if directory is None:
            return None
        options, memory = self._options, probe().memory
        gigabytes = None if memory is None else memory / 1e9
        return Watcher(directory, options.task, options.suite, options.action_repeat, options.reference, gigabytes)

    def _store_lint(self, directory: Path) -> None:
        """Keeps the lint report, with the reasons of what was allowed, once the program has made the directory."""
        if self._lint is None or not directory.is_dir():
            return
        from dreamerguard.model import SourceError
        from dreamerguard.write import write_atomically

        text, self._lint = json.dumps(self._lint, indent=2) + "\n", None
        try:
            write_atomically(directory / LINT_FILE, text.encode())
        except SourceError as error:
            self._say(f"the lint report is not kept: {error.message}")

    def _tell(self, status: Status) -> None:
        from dreamerguard.regress.status_report import headline, status_text

        if status.log is None:
            return
        said = (headline(status), status.no_reference, tuple(finding.name for finding in status.health))
        if said != self._said:
            self._said = said
            for line in status_text(status).splitlines():
                self._say(line)

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
