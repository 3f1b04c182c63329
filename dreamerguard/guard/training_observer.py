"""The watcher inside ``dreamerguard train``: it listens to the run like the terminal does."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dreamerguard.regression.watch.watcher import Status, Watcher

#: Last status of the watcher in the run directory.
STATUS = "status.json"
#: Set for a program whose guard prints verdicts already.
GUARDED = "DREAMERGUARD_GUARDED"
#: A look may take this share of the time between two looks.
_SHARE = 0.01


def _say(line: str) -> None:
    from dreamerguard.util.terminal import echo

    echo(line, error=True)


class TrainingObserver(Protocol):
    """Listens to a training run; the trainer's own observers have the same methods."""

    def phase(self, text: str) -> None:
        """A stage begins that may take a while, for example a compilation."""

    def note(self, text: str) -> None:
        """A fact about the run that stays on the screen."""

    def episode(self, frames: int, episode: Any) -> None:
        """A training episode has ended at ``frames`` environment frames."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """Metrics were written to the log."""

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Evaluation episodes were played."""

    def saved(self, frames: int) -> None:
        """A checkpoint was written."""


class Watched:
    """Passes everything on to another observer, and now and then lets a watcher look at the log.

    Nothing that the watcher does reaches the training: errors become one line. Looks are rarer when they are slow, so
    that they take at most a hundredth of the time.

    Args:
      inner: the observer that the run would have otherwise.
      directory: of the run.
      every: seconds between two looks, at least.
      say: prints a line; by default on standard error, unless a guard around this process does it.
      clock: seconds.
    """

    def __init__(
        self,
        inner: TrainingObserver,
        directory: Path,
        every: float = 30.0,
        say: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner, self._directory, self._every, self._clock = inner, directory, every, clock
        silent = os.environ.get(GUARDED) == "1"
        self._say: Callable[[str], None] = say or ((lambda line: None) if silent else _say)
        self._watcher: Watcher | None = None
        self._due = clock() + every
        self._said: object = None
        self._failed = False

    def __enter__(self) -> Watched:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.look()

    def phase(self, text: str) -> None:
        """Passes it on."""
        self._inner.phase(text)

    def note(self, text: str) -> None:
        """Passes it on."""
        self._inner.note(text)

    def episode(self, frames: int, episode: Any) -> None:
        """Passes it on."""
        self._inner.episode(frames, episode)

    def metrics(self, row: Mapping[str, float]) -> None:
        """Passes it on, and looks when it is time."""
        self._inner.metrics(row)
        if self._clock() >= self._due:
            self.look()

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Passes it on."""
        self._inner.evaluated(frames, scores)

    def saved(self, frames: int) -> None:
        """Passes it on."""
        self._inner.saved(frames)

    def look(self) -> None:
        """One look: says what has changed, and keeps the status in the run directory."""
        start = self._clock()
        try:
            self._look()
        except Exception as error:  # the watcher may fail, the training may not
            self._fail(error)
        end = self._clock()
        self._due = end + max(self._every, (end - start) / _SHARE)

    def _look(self) -> None:
        from dreamerguard.core.machine import probe
        from dreamerguard.regression.watch.watcher import Watcher

        if self._watcher is None:
            memory = probe().memory
            self._watcher = Watcher(self._directory, memory_gb=None if memory is None else memory / 1e9)
        status = self._watcher.look()
        if status.log is not None:
            self._tell(status)
            self._keep(status)

    def _tell(self, status: Status) -> None:
        from dreamerguard.regression.watch.status_report import headline, status_text

        said = (headline(status), tuple(finding.name for finding in status.health))
        if said != self._said:
            self._said = said
            self._say(status_text(status))

    def _keep(self, status: Status) -> None:
        from dreamerguard.core.files import write_atomically
        from dreamerguard.regression.watch.status_report import status_json

        text = json.dumps(status_json(status), indent=2, allow_nan=False) + "\n"
        write_atomically(self._directory / STATUS, text.encode())

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            with suppress(Exception):
                self._say(f"watching failed: {type(error).__name__}: {error}; the training goes on")
