"""The controller of a sweep: gives runs to the engine, reads how they ended, and looks at their logs together.

It may be killed at any time. Everything it knows is in the database or in the files of the workers, and each step can
be done again: a run is claimed in the database before its worker starts, and a worker that finds its run held or ended
runs nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .engines.interface import Engine, WorkerLaunch
from .jobs.job_folder import ENDED, AttemptEnd, RunJob, StopRequest, read_ending, write_job, write_stop
from .jobs.worker_lock import is_held
from .observer import SweepObserver
from .outcome import Settlement, lost, settle
from .plan.run_commands import JOBS, started_words
from .plan.sweep_file import SweepFile
from .states import SweptRow
from .store import SweepStore, all_ended

#: Seconds between two rounds.
_ROUND = 1.0
#: A child of a sweep leaves the user's notification channels to it.
_ENVIRONMENT = {"DREAMERGUARD_NOTIFIED": "1"}


@dataclass(frozen=True, slots=True)
class SweepPlace:
    """Where a sweep lives and its commands run, both absolute."""

    folder: Path
    commands: Path


class Controller:
    """Leads a sweep until all runs have ended, or until it is asked to stop.

    Args:
      place: folders of the sweep and of its commands.
      store: its state; this process leads already.
      sweep: the sweep.
      engine: starts workers.
      watch: looks at the logs of all runs; returns run -> why it is hopeless.
      observer: hears what happens.
      asked: returns whether somebody asked the controller to stop.
      clock: returns seconds since the epoch.
    """

    def __init__(
        self,
        place: SweepPlace,
        store: SweepStore,
        sweep: SweepFile,
        engine: Engine,
        watch: Callable[[], Mapping[str, str]],
        observer: SweepObserver,
        asked: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place, self._store, self._sweep, self._engine = place, store, sweep, engine
        self._watch, self._observer, self._asked, self._clock = watch, observer, asked, clock
        self._inherited: set[str] = set()
        self._endings: dict[str, tuple[int, AttemptEnd | None]] = {}
        self._next_look = 0.0
        self._pausing = False
        self._told: set[str] = set()

    def run(self) -> bool:
        """Leads the sweep. Returns whether all runs have ended.

        Raises:
          EngineError: the engine no longer works.
          Displaced: another controller has taken over.
        """
        self._take_over(self._store.rows("started"))
        while True:
            self._settle()
            if self._asked() and not self._pausing:
                self._pause()
            if not self._pausing:
                self._launch()
            self._look()
            counts = self._store.counts()
            done = all_ended(counts)
            if done or (self._pausing and not counts.get("started")):
                self._look(last=True)
                return done
            self._observer.round()
            self._engine.wait(_ROUND)

    def _take_over(self, rows: Sequence[SweptRow]) -> None:
        """Adopts the runs of an earlier controller; it may have been killed before it asked one to stop."""
        for row in rows:
            self._inherited.add(row.name)
            self._engine.adopt(row.name, self._folder(row.name), row.job)
        asked = {row.name: row.stop_reason for row in rows if row.stop_reason}
        self._request([row for row in rows if row.name in asked], "hopeless", asked)

    def _folder(self, name: str) -> Path:
        return self._place.folder / JOBS / name

    def _settle(self) -> None:
        """Stores the ends of attempts. Several are stored in one transaction."""
        alive = self._engine.alive()
        settled = [(row, found) for row in self._store.rows("started") if (found := self._ended(row, alive))]
        if not settled:
            return
        now = self._clock()
        with self._store.leading():
            for row, found in settled:
                outcome = {**found.facts, "kind": found.kind}
                before = now + found.pause if found.pause else 0.0
                self._store.settle(
                    row.name, found.state, outcome=outcome, failed=found.failed, why=found.why, not_before=before
                )
        for row, found in settled:
            self._inherited.discard(row.name)
            self._observer.settled(row, found)

    def _ended(self, row: SweptRow, alive: set[str]) -> Settlement | None:
        """Returns what becomes of a started run; None while it is queued or runs."""
        ending = self._ending(row)
        if ending is not None:
            requeued = ending.signalled and not ending.stop and row.name in alive
            return None if requeued else settle(row, ending, self._sweep.retries)
        if row.name in alive or is_held(self._folder(row.name)):
            return None
        ending = self._ending(row)  # it may have ended between the two looks
        if ending is not None:
            return settle(row, ending, self._sweep.retries)
        # A controller may be killed between its claim of a run and the start of the worker.
        excused = "its worker had gone when this controller started" if row.name in self._inherited else ""
        excused = "it was taken out of the queue" if self._pausing else excused
        return lost(row, self._sweep.retries, excused=excused)

    def _ending(self, row: SweptRow) -> AttemptEnd | None:
        """Returns the end of the run's attempt, or of an earlier one that ended it for good."""
        try:
            changed = os.stat(self._folder(row.name) / ENDED).st_mtime_ns  # noqa: PTH116 - called often
        except OSError:
            return None
        known = self._endings.get(row.name)
        if known is None or known[0] != changed:
            known = self._endings[row.name] = (changed, read_ending(self._folder(row.name)))
        ending = known[1]
        if ending is None:
            return None
        for_good = ending.code == 0 or ending.stop == "hopeless"
        return ending if ending.attempt >= row.attempt or for_good else None

    def _launch(self) -> None:
        room = self._engine.room()
        claimed = self._store.claim(self._engine.name, room) if room > 0 else []
        if claimed:
            launches = [self._launched(row) for row in claimed]
            self._store.note_job(self._engine.submit(launches))

    def _launched(self, row: SweptRow) -> WorkerLaunch:
        env = {**_ENVIRONMENT, **_memory_share(self._sweep.engine.gpus_per_run), **self._sweep.env}
        words = started_words(row.words)
        job = RunJob(words, str(self._place.commands), env, self._sweep.watch.kill_after)
        write_job(self._folder(row.name), job)
        return WorkerLaunch(row.name, self._folder(row.name), row.attempt, job)

    def _pause(self) -> None:
        """Asks all started runs to save and end; they continue with the next controller."""
        self._pausing = True
        rows = self._store.rows("started")
        self._observer.pausing(len(rows))
        self._request(rows, "pause", {})

    def _look(self, last: bool = False) -> None:
        now = time.monotonic()
        if not last and now < self._next_look:
            return
        self._next_look = now + self._sweep.watch.interval
        hopeless = self._watch()
        new = hopeless.keys() - self._told
        rows = [row for row in self._store.rows("waiting", "started") if row.name in new and not row.stop_reason]
        if not rows:
            return
        self._told |= new
        self._observer.hopeless({row.name: hopeless[row.name] for row in rows})
        if self._sweep.watch.stop:
            self._store.ask_stop({row.name: hopeless[row.name] for row in rows})
            self._request([row for row in rows if row.state == "started"], "hopeless", hopeless)

    def _request(self, rows: Sequence[SweptRow], kind: str, reasons: Mapping[str, str]) -> None:
        """Asks workers to stop, and takes those that have not begun out of the engine's queue."""
        for row in rows:
            write_stop(self._folder(row.name), StopRequest(row.attempt, kind, reasons.get(row.name, "")))
        queued = [row.name for row in rows if not is_held(self._folder(row.name))]
        if queued:
            self._engine.cancel(queued)


def _memory_share(gpus: float) -> dict[str, str]:
    """Returns the part of a shared GPU's memory that JAX may take; alone, it takes most of it at its start."""
    return {"XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.9 * gpus:.2f}"} if 0 < gpus < 1 else {}
