"""The look over all runs of a sweep: reads their logs, and asks the statistics which runs are hopeless."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dreamerguard.regression.sweep.hopeless import find_hopeless
from dreamerguard.regression.sweep.references import task_references
from dreamerguard.regression.sweep.runs import SweepRun

from .plan.sweep_file import SweepFile
from .run_logs import Curve, RunLogs
from .states import ENDED, SweptRow
from .store import SweepStore

#: Key of the statistics' state in the database.
STATE = "early_stop"


def swept_runs(rows: list[SweptRow], curves: Mapping[str, Curve]) -> list[SweepRun]:
    """Returns the runs as the statistics see them: all but those that lint refused or whose length is not known."""
    nothing = Curve()
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
    _references: Mapping[str, object] | None = None

    def __call__(self) -> Mapping[str, str]:
        """Reads the logs. Returns hopeless run -> why, as long as the run has not ended."""
        rows = self.store.rows()
        self.logs.look(rows)
        watch = self.sweep.watch
        if not watch.against:
            return {}
        runs = swept_runs(rows, self.logs.curves)
        state = self.store.get(STATE, {})
        found = find_hopeless(runs, self._known_references(), state, rate=watch.rate, against=watch.against)
        if found.state != state:
            self.store.put({STATE: found.state})
        return {stop.name: f"hopeless: {stop.reason}" for stop in found.stops}

    def _known_references(self) -> Mapping[str, object]:
        if self._references is None:
            watch = self.sweep.watch
            self._references, notes = task_references(self.sweep.tasks, suite=watch.suite, name=watch.reference)
            for note in notes:
                self.say(note)
        return self._references
