"""The scores of a sweep's runs in equal cells of their task's frames, each computed once when it is needed."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from dreamerguard.regression.statistics.binned_curve import Curve, to_cells

from .references import TaskReference
from .runs import SweepRun, by_task
from .track import Track

#: Number of cells of a task without a reference.
CELLS = 50

#: Cells of a reference that the runs of a task must reach to be compared with it, and in its cells.
FEWEST = 10


class Board:
    """All runs of a sweep and the references of their tasks.

    Args:
      runs: the runs.
      references: by task.
      at_end: whether the cell in which the last episode of a run ended counts once the run has ended, as in the
        published curves. A run that has not ended must have finished a cell, also where this is true.
    """

    def __init__(
        self, runs: Iterable[SweepRun], references: Mapping[str, TaskReference], *, at_end: bool = False
    ) -> None:
        self.tasks = by_task(runs)
        self.references, self._at_end = references, at_end
        self._longest = {task: max(run.budget for run in found) for task, found in self.tasks.items()}
        self._finished: dict[str, int] = {}
        self._ranked: dict[tuple[str, int], list[SweepRun]] = {}
        self._cells: dict[str, Curve] = {}
        self._tracks: dict[str, Track] = {}
        self._grids: dict[str, tuple[float, ...]] = {}

    def grid(self, task: str) -> tuple[float, ...]:
        """Returns the right edges of a task's cells, as far as the longest run is planned."""
        if task not in self._grids:
            reference = self.reference(self.tasks[task][0])
            most = self._longest[task]
            cell = reference.grid[0] if reference else most / CELLS
            count = max(round(most / cell), len(reference.grid) if reference else 1)
            self._grids[task] = tuple(cell * (i + 1) for i in range(min(count, 100 * CELLS)))
        return self._grids[task]

    def finished(self, run: SweepRun) -> int:
        """Returns the number of cells that a run has finished."""
        if run.name not in self._finished:
            self._finished[run.name] = bisect_right(self.grid(run.task), self._progress(run) * (1 + 1e-9))
        return self._finished[run.name]

    def _progress(self, run: SweepRun) -> float:
        """Returns the frames up to which the cells of a run count."""
        grid = self.grid(run.task)
        if not (self._at_end and run.ended and run.reached):
            return run.reached
        return max(run.reached, grid[min(bisect_left(grid, run.reached), len(grid) - 1)])

    def finished_at(self, run: SweepRun, share: float) -> int:
        """Returns the number of cells that a run has finished at a share of its budget."""
        return bisect_right(self.grid(run.task), share * run.budget * (1 + 1e-9))

    def reference(self, run: SweepRun) -> TaskReference | None:
        """Returns the reference of a run; None without one, or if the task's runs are shorter than `FEWEST` cells."""
        found = self.references.get(run.reference_key)
        return found if found and self._longest[run.task] >= FEWEST * found.grid[0] else None

    def cells(self, run: SweepRun) -> Curve:
        """Returns the mean score of a run in each cell that it has finished."""
        if run.name not in self._cells:
            grid = self.grid(run.task)
            self._cells[run.name] = to_cells(*run.up_to(grid[-1]), grid, self._progress(run))
        return self._cells[run.name]

    def deficits(self, run: SweepRun) -> tuple[float, float]:
        """Returns how many widths a run is below its reference, the most so far and now; minus infinity for none."""
        reference = self.reference(run)
        if reference is None or not self.finished(run):
            return -math.inf, -math.inf
        found = reference.band.deficits(self.cells(run)[: len(reference.grid)])
        return max(found), found[min(self.finished(run), len(found)) - 1]

    def track(self, run: SweepRun) -> Track:
        """Returns the curve of a run."""
        if run.name not in self._tracks:
            self._tracks[run.name] = Track.of(self.cells(run))
        return self._tracks[run.name]

    def ranked(self, task: str, cells: int) -> list[SweepRun]:
        """Returns the runs of a task that have finished a number of cells, by their recent score, lowest first."""
        if (task, cells) not in self._ranked:
            able = [run for run in self.tasks[task] if self.finished(run) >= cells]
            values = [(self.track(run).mean(cells), index) for index, run in enumerate(able)]
            known = sorted((value, index) for value, index in values if value is not None)
            self._ranked[task, cells] = [able[index] for _, index in known]
        return self._ranked[task, cells]

    def reference_tracks(self, runs: Iterable[SweepRun]) -> dict[str, tuple[Track, ...]]:
        """Returns task -> curves of the reference seeds, for tasks where all of the runs have the same reference."""
        keys: dict[str, set[str]] = {}
        found: dict[str, tuple[Track, ...]] = {}
        for run in runs:
            keys.setdefault(run.task, set()).add(run.reference_key)
            if reference := self.reference(run):
                found[run.task] = reference.tracks
        return {task: tracks for task, tracks in found.items() if len(keys[task]) == 1}
