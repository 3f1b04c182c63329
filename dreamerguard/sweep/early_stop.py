"""The look over all runs of a sweep: reads their logs, and asks the statistics which runs are hopeless."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dreamerguard.core.source import SourceError
from dreamerguard.regression.sweep.decision import StopDecision
from dreamerguard.regression.sweep.halving import halve
from dreamerguard.regression.sweep.hopeless import find_hopeless
from dreamerguard.regression.sweep.references import TaskReference, task_references
from dreamerguard.regression.sweep.runs import SweepRun

from .plan.sweep_file import SweepFile
from .run_logs import RunCurve, RunLogs
from .states import ENDED, SweptRow
from .store import SweepStore

#: Keys of the statistics' states in the database.
STATE, HALVING = "early_stop", "halving"


def swept_runs(rows: list[SweptRow], curves: Mapping[str, RunCurve]) -> list[SweepRun]:
    """Returns the runs as the statistics see them: all but those that lint refused or whose length is not known."""
    nothing = RunCurve()
    return [
        SweepRun(
            row.name, row.combination, row.task, row.seed, curve.frames, curve.scores, row.frames, row.state in ENDED
        )
        for row in rows
        if row.frames and row.state != "refused"
        for curve in (curves.get(row.name, nothing),)
    ]


@dataclass(slots=True)
class EarlyStop:
    """One look at all runs.

    Args:
      store: state of the sweep.
      sweep: the sweep.
      logs: its logs.
      say: prints one line for the user.
    """

    store: SweepStore
    sweep: SweepFile
    logs: RunLogs
    say: Callable[[str], None]
    _references: dict[str, TaskReference] | None = None

    def __call__(self) -> Mapping[str, str]:
        """Reads the logs. Returns hopeless run -> why, as long as the run has not ended.

        Raises:
          SourceError: the state in the database is of other error rates or rules than those of the sweep file.
        """
        rows = self.store.rows()
        self.logs.look(rows)
        runs = swept_runs(rows, self.logs.curves)
        watch, found = self.sweep.watch, dict[str, str]()
        try:
            if watch.against:
                state = self.store.get(STATE, {})
                decision = find_hopeless(runs, self._known_references(), state, rate=watch.rate, against=watch.against)
                found |= self._kept(STATE, state, decision)
            if watch.halving:
                state = self.store.get(HALVING, {})
                found |= self._kept(HALVING, state, halve(runs, state))
        except ValueError as error:
            raise SourceError(f"the sweep cannot be watched any more: {error}") from error
        return found

    def _kept(self, key: str, state: Mapping[str, Any], decision: StopDecision) -> dict[str, str]:
        """Stores the state of a decision; it must be on the disk before a run is stopped. Returns run -> why."""
        if decision.state != state:
            self.store.put({key: decision.state})
        return {stop.name: f"hopeless: {stop.reason}" for stop in decision.stops}

    def _known_references(self) -> Mapping[str, TaskReference]:
        if self._references is None:
            watch = self.sweep.watch
            self._references, notes = task_references(self.sweep.tasks, suite=watch.suite, name=watch.reference)
            for note in notes:
                self.say(note)
        return self._references
