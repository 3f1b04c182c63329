"""Writes the state of a sweep as a Prometheus text file; of single runs, those that are started.

Names and labels of a run's numbers are those of ``watch --metrics-file``, so that one dashboard shows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.notify.prometheus import head, labels, number
from dreamerguard.util.replace_file import replace_file

from .accounts import Accounts, account
from .outcome import Settlement
from .plan.run_commands import RUNS
from .running import running_since
from .states import STATES, SweptRow
from .store import SweepStore

#: Seconds between two writings.
_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class SweepGauge:
    """A number of the whole sweep: name without the prefix, meaning with the unit, value."""

    name: str
    help: str
    value: Callable[[Accounts], float | None]


SWEEP_GAUGES = (
    SweepGauge("sweep_hours", "Hours that the runs ran, added up.", lambda found: found.hours),
    SweepGauge("sweep_gpu_hours", "GPU hours that the runs ran.", lambda found: found.hours * found.gpus),
    SweepGauge("sweep_saved_hours", "Hours that stopped runs did not run.", lambda found: found.saved_hours),
    SweepGauge(
        "sweep_seconds_left", "Estimated seconds until the last run ends.",
        lambda found: None if found.eta is None else found.eta * 3600,
    ),
)  # fmt: skip


class SweepMetrics:
    """An observer that writes the file every few seconds, in one step, so that the collector never reads half a file.

    Args:
      path: the file; its folder exists.
      store: state of the sweep.
      name: name of the sweep.
      gpus: GPUs of each run.
      say: prints one line for the user; called at most once.
      clock: returns seconds since the epoch.
    """

    def __init__(
        self,
        path: Path,
        store: SweepStore,
        name: str,
        gpus: float,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._store, self._name, self._gpus, self._say = path, store, name, gpus, say
        self._clock, self._next, self._failed = clock, 0.0, False

    def round(self) -> None:
        """Writes the file, if it is time."""
        if self._clock() >= self._next:
            self._next = self._clock() + _EVERY
            self.write(ended=False)

    def settled(self, row: SweptRow, found: Settlement) -> None:
        """Writes nothing; the next round does."""

    def hopeless(self, reasons: Mapping[str, str]) -> None:
        """Writes nothing; the next round does."""

    def pausing(self, count: int) -> None:
        """Writes nothing; the next round does."""

    def write(self, *, ended: bool) -> None:
        """Writes the file. A failure is told once, and the sweep goes on."""
        try:
            rows, now = self._store.rows(), self._clock()
            found = account(rows, now, self._gpus, running_since(self._store.folder, rows))
            text = render_sweep(self._name, self._store.folder, rows, found, now, ended=ended)
            replace_file(self._path, text.encode("utf-8", "replace"), durable=False)
        except Exception as error:  # the file may fail, the sweep may not
            if not self._failed:
                self._failed = True
                why = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
                self._say(f"--metrics-file {self._path} is not written: {why}; the sweep is not affected")


def render_sweep(name: str, folder: Path, rows: Sequence[SweptRow], found: Accounts, now: float, *, ended: bool) -> str:
    """Returns the text of the file.

    Args:
      name: name of the sweep.
      folder: its folder.
      rows: all runs.
      found: their accounts.
      now: seconds since the epoch.
      ended: whether all runs have ended.
    """
    own = labels({"sweep": name, "folder": str(folder)})
    lines = [*head("sweep_runs", "Runs of the sweep by state.")]
    lines += [f'dreamerguard_sweep_runs{{{own},state="{state}"}} {found.counts.get(state, 0)}' for state in STATES]
    for gauge in SWEEP_GAUGES:
        if (value := gauge.value(found)) is not None:
            lines += [*head(gauge.name, gauge.help), f"dreamerguard_{gauge.name}{{{own}}} {number(value)}"]
    lines += [*head("sweep_ended", "1 after all runs of the sweep have ended, else 0.")]
    lines += [f"dreamerguard_sweep_ended{{{own}}} {ended:d}"]
    lines += [*head("look_timestamp_seconds", "Time of the last look, in seconds since 1970.")]
    lines += [f"dreamerguard_look_timestamp_seconds{{{own}}} {number(now)}"]
    lines += _runs(folder, [row for row in rows if row.state == "started"])
    return "".join(f"{line}\n" for line in lines)


def _runs(folder: Path, rows: Sequence[SweptRow]) -> Iterator[str]:
    values: dict[str, Callable[[SweptRow], float | None]] = {
        "score": lambda row: row.score,
        "frames": lambda row: row.done,
        "planned_frames": lambda row: row.frames,
    }
    helps = {
        "score": "Score of the last episode of a started run, in points of the task.",
        "frames": "Environment frames reached.",
        "planned_frames": "Planned environment frames.",
    }
    for name, value in values.items():
        known = [(row, found) for row in rows if (found := value(row)) is not None]
        if known:
            yield from head(name, helps[name])
        for row, found in known:
            yield f"dreamerguard_{name}{{{_labels(folder, row)}}} {number(found)}"


def _labels(folder: Path, row: SweptRow) -> str:
    return labels({"run": str(folder / RUNS / row.name), "task": row.task, "seed": str(row.seed), "setting": row.shown})
