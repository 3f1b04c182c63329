"""The scores of a sweep's runs in equal cells of their task's frames, each computed once when it is needed."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from dreamerguard.regression.statistics.binned_curve import Curve, to_cells

from .references import TaskReference
from .runs import SweepRun, by_task

#: Number of cells of a task without a reference.
CELLS = 50


@dataclass(frozen=True, slots=True)
class Track:
    """The curve of one run or reference seed.

    Attributes:
      finished: number of finished cells.
      sums: sum of the scores of the first cells, for 0 to ``finished`` cells.
      first: index of the first cell with a score.
    """

    finished: int
    sums: tuple[float, ...]
    first: int

    @classmethod
    def of(cls, cells: Curve) -> Track:
        """Reduces a curve; cells without a score may stand before the first and after the last one."""
        known = [index for index, value in enumerate(cells) if value is not None]
        if not known:
            return cls(0, (0.0,), 0)
        end = known[-1] + 1
        return cls(end, tuple(accumulate((value or 0.0 for value in cells[:end]), initial=0.0)), known[0])

    @property
    def start(self) -> float:
        """The score in the first cell that has one."""
        return self.sums[self.first + 1] - self.sums[self.first] if self.finished else 0.0

    def mean(self, cells: int, share: float = 0.5) -> float | None:
        """Returns the mean score in the last ``share`` of the first ``cells`` cells; None without a score there."""
        begin = max(cells - max(round(share * cells), 1), self.first)
        return (self.sums[cells] - self.sums[begin]) / (cells - begin) if begin < cells <= self.finished else None


class Board:
    """All runs of a sweep and the references of their tasks."""

    def __init__(self, runs: Iterable[SweepRun], references: Mapping[str, TaskReference]) -> None:
        self.tasks = by_task(runs)
        self.references = references
        self._cells: dict[str, Curve] = {}
        self._tracks: dict[str, Track] = {}
        self._grids: dict[str, tuple[float, ...]] = {}

    def grid(self, task: str) -> tuple[float, ...]:
        """Returns the right edges of a task's cells, as far as the longest run is planned."""
        if task not in self._grids:
            most = max(run.budget for run in self.tasks[task])
            reference = self.reference(self.tasks[task][0])
            cell = reference.grid[0] if reference else most / CELLS
            count = max(round(most / cell), len(reference.grid) if reference else 1)
            self._grids[task] = tuple(cell * (i + 1) for i in range(min(count, 100 * CELLS)))
        return self._grids[task]

    def finished(self, run: SweepRun) -> int:
        """Returns the number of cells that a run has finished."""
        grid = self.grid(run.task)
        return bisect_right(grid, run.reached * (1 + 1e-9))

    def finished_at(self, run: SweepRun, share: float) -> int:
        """Returns the number of cells that a run has finished at a share of its budget."""
        return bisect_right(self.grid(run.task), share * run.budget * (1 + 1e-9))

    def reference(self, run: SweepRun) -> TaskReference | None:
        """Returns the reference of a run; None if it has none."""
        return self.references.get(run.reference_key)

    def cells(self, run: SweepRun) -> Curve:
        """Returns the mean score of a run in each cell that it has finished."""
        if run.name not in self._cells:
            self._cells[run.name] = to_cells(run.frames, run.scores, self.grid(run.task), run.reached)
        return self._cells[run.name]

    def worst_deficit(self, run: SweepRun) -> float:
        """Returns how many widths a run was at most below its reference so far; minus infinity if it never was."""
        reference = self.reference(run)
        if reference is None or not self.finished(run):
            return -math.inf
        return max(reference.band.deficits(self.cells(run)[: len(reference.grid)]))

    def track(self, run: SweepRun) -> Track:
        """Returns the curve of a run."""
        if run.name not in self._tracks:
            self._tracks[run.name] = Track.of(self.cells(run))
        return self._tracks[run.name]

    def reference_tracks(self, runs: Iterable[SweepRun]) -> dict[str, tuple[Track, ...]]:
        """Returns task -> curves of the reference seeds, for tasks where all of the runs have the same reference."""
        keys: dict[str, set[str]] = {}
        for run in runs:
            keys.setdefault(run.task, set()).add(run.reference_key)
        shared = {task: next(iter(found)) for task, found in keys.items() if len(found) == 1}
        return {task: self._reference_tracks[key] for task, key in shared.items() if key in self.references}

    @cached_property
    def _reference_tracks(self) -> dict[str, tuple[Track, ...]]:
        """Key -> curves of the reference seeds."""
        return {key: tuple(map(Track.of, reference.curves)) for key, reference in self.references.items()}
