"""Reads the logs of the runs of a sweep while they grow, whatever program writes them, and keeps their scores.

Only started runs are read. Of a run that has ended, the scores stay in memory and in the database; its metrics do not.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dreamerguard.core.log_format import LogLayout
from dreamerguard.logs import LogError
from dreamerguard.logs.follow import find_runs
from dreamerguard.regression.watch.status_report import headline
from dreamerguard.regression.watch.watcher import Status, Watcher
from dreamerguard.util.paths import is_dir

from .plan.run_commands import RUNS
from .plan.sweep_file import WatchSettings
from .states import SweptRow
from .store import SweepStore

#: States of runs that have ended and may have a log.
_WITH_LOG = ("finished", "failed", "stopped")


@dataclass(slots=True)
class RunCurve:
    """The scores of a run so far.

    Attributes:
      frames, scores: environment frames and score of each episode.
      done: frames of the log.
      verdict: headline of `watch`.
    """

    frames: array[float] = field(default_factory=lambda: array("d"))
    scores: array[float] = field(default_factory=lambda: array("d"))
    done: float = 0.0
    verdict: str = ""


class RunLogs:
    """The scores of all runs of a sweep.

    Args:
      folder: the sweep's folder.
      store: its state; scores of ended runs are kept there.
      watch: reference and suite.
      say: prints one line for the user.
    """

    def __init__(self, folder: Path, store: SweepStore, watch: WatchSettings, say: Callable[[str], None]) -> None:
        self._folder, self._store, self._watch, self._say = folder / RUNS, store, watch, say
        self._watchers: dict[str, Watcher] = {}
        self._layout: LogLayout | None = None  # all runs are of one program
        self._seen: dict[str, Status] = {}
        self._failed: set[str] = set()
        kept = store.curves()
        self.curves = {name: RunCurve(*scores) for name, scores in kept.items()}
        self._ended = set(kept)

    def look(self, rows: Iterable[SweptRow]) -> None:
        """Reads what is new, and stores progress and the scores of runs that have ended since the last look.

        Raises:
          Displaced: another controller leads.
        """
        changed = []
        ended = []
        for row, curve in self._read_all(rows):
            if (curve.done, curve.verdict) != (row.done, row.verdict):
                changed.append((row.name, curve.done, curve.scores[-1] if curve.scores else None, curve.verdict))
            if row.state in _WITH_LOG:
                ended.append(row.name)
        if changed or ended:
            with self._store.leading():
                self._store.note_progress(changed)
                for name in ended:
                    self._end(name)

    def read(self, rows: Iterable[SweptRow]) -> None:
        """Reads what is new, and stores nothing."""
        for _ in self._read_all(rows):
            pass

    def _read_all(self, rows: Iterable[SweptRow]) -> Iterator[tuple[SweptRow, RunCurve]]:
        for row in rows:
            if row.attempt and row.name not in self._ended and (row.state == "started" or row.state in _WITH_LOG):
                yield row, self._read(row) or RunCurve()

    def _read(self, row: SweptRow) -> RunCurve | None:
        try:
            status = self._look(row)
        except LogError as error:
            self._report(row.name, str(error))
            return self.curves.get(row.name)
        if status.log is None:
            return self.curves.get(row.name)
        if self._seen.get(row.name) is not status:  # a log that has not grown has the same status
            self._seen[row.name] = status
            self.curves[row.name] = _curve(status)
        return self.curves[row.name]

    def _watcher(self, row: SweptRow, logdir: Path) -> Watcher:
        suite = self._watch.suite or row.suite
        return Watcher(logdir, suite=suite, reference=self._watch.reference, layout=self._layout)

    def _look(self, row: SweptRow) -> Status:
        """Looks at the log directory, or at the folder in it to which some programs write."""
        known = self._watchers.get(row.name)
        if known is not None:
            return known.look()
        logdir = self._folder / row.name
        watcher = self._watcher(row, logdir)
        status = watcher.look()
        if status.log is None and is_dir(logdir) and (found := find_runs([logdir])[0]) != logdir:
            watcher = self._watcher(row, found)
            status = watcher.look()
        if status.log is not None:  # without a log, the next look searches again
            self._watchers[row.name], self._layout = watcher, status.log.layout
        return status

    def _end(self, name: str) -> None:
        curve = self.curves.setdefault(name, RunCurve())
        self._watchers.pop(name, None)
        self._seen.pop(name, None)
        self._ended.add(name)
        self._store.keep_curve(name, curve.frames, curve.scores)

    def _report(self, name: str, text: str) -> None:
        if name not in self._failed:
            self._failed.add(name)
            self._say(f"the log of {name} cannot be read: {text}")


def _curve(status: Status) -> RunCurve:
    assert status.log is not None
    scores = status.scores[0]
    return RunCurve(array("d", scores.frames), array("d", scores.values), status.log.frames, headline(status))
