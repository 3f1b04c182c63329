"""The final scores of a sweep's combinations, for pairs of them at the frames that both have reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb

from dreamerguard.regression.compare.task_claims import step_down
from dreamerguard.regression.statistics.rank_test import p_lower
from dreamerguard.regression.statistics.seed_band import METHOD

from .board import Board
from .comparison import TaskScore
from .evidence import LEAST, compared_cells
from .runs import SweepRun, by_task
from .standings import mean_ranks, standings


class ScoreTable:
    """The final scores of all combinations of a sweep.

    Attributes:
      board: the curves.
      groups: label -> runs of a combination.
      tasks: label -> task -> runs that can be compared.
      ranks: label -> mean rank over its tasks, of combinations with scores.
    """

    def __init__(self, board: Board, groups: Mapping[str, Sequence[SweepRun]]) -> None:
        self.board, self.groups = board, groups
        self.tasks: dict[str, dict[str, list[SweepRun]]] = {}
        self.cells: dict[tuple[str, str], int] = {}
        for label, group in groups.items():
            found = {
                task: [run for run in runs if board.finished(run) >= LEAST] for task, runs in by_task(group).items()
            }
            self.tasks[label] = {task: runs for task, runs in found.items() if runs}
            for task, some in self.tasks[label].items():
                self.cells[label, task] = compared_cells([board.finished(run) for run in some])
        self.ranks = {label: share for label, (share, _) in standings(self._task_ranks()).items()}

    def scores(self, label: str, task: str, cells: int) -> list[float]:
        """Returns the final score of each seed at a number of cells."""
        found = (self.board.track(run).mean(cells, METHOD.final) for run in self.tasks[label].get(task, ()))
        return [value for value in found if value is not None]

    def pair(self, one: str, other: str) -> dict[str, tuple[list[float], list[float]]]:
        """Returns task -> final scores of both at the same frames, for tasks where both have some."""
        found = {}
        for task in self.tasks[one]:
            if task in self.tasks[other]:
                cells = min(self.cells[one, task], self.cells[other, task])
                sides = self.scores(one, task, cells), self.scores(other, task, cells)
                if all(sides):
                    found[task] = sides
        return found

    def p_lower(self, one: str, other: str) -> float:
        """Returns the p-value of "the first is lower than the second"."""
        return p_lower(self.pair(one, other).values())

    def task_scores(self, label: str, leader: str | None, level: float | None) -> tuple[TaskScore, ...]:
        """Returns the table row of a combination; ``level`` is that of claims about single tasks."""
        pair = self.pair(label, leader) if leader and label != leader else {}
        worse: set[str] = set()
        if level is not None and pair:
            names = list(pair)
            p = [p_lower([pair[task]]) for task in names]
            labelings = [comb(len(a) + len(b), len(a)) for a, b in pair.values()]
            worse = {names[index] for index in step_down(p, labelings, level)}
        rows = []
        for task in self.tasks[label]:
            cells = self.cells[label, task]
            if values := self.scores(label, task, cells):
                share = min(self.board.grid(task)[cells - 1] / max(run.budget for run in self.tasks[label][task]), 1.0)
                change = self._change(task, pair[task], leader) if task in pair else None
                rows.append(TaskScore(task, _mean(values), len(values), share, change, task in worse))
        return tuple(rows)

    def _change(self, task: str, sides: tuple[list[float], list[float]], leader: str | None) -> float | None:
        reference = self.board.reference(self.board.tasks[task][0])
        if reference is not None:
            learned = reference.band.scale
        else:
            tracks = [self.board.track(run) for run in self.tasks[str(leader)][task]]
            learned = _mean(sides[1]) - _mean(
                [track.sums[track.first + 1] - track.sums[track.first] for track in tracks]
            )
        return (_mean(sides[0]) - _mean(sides[1])) / learned if learned > 0 else None

    def _task_ranks(self) -> dict[str, dict[str, float]]:
        """Returns the mean rank of each combination on each task, each run at its last score."""
        found = {}
        for task, runs in self.board.tasks.items():
            able = [(run, self.cells.get((run.label, task), 0)) for run in runs]
            values = [(self.board.track(run).mean(cells, METHOD.final), run) for run, cells in able if cells]
            known = sorted(((value, run) for value, run in values if value is not None), key=lambda item: item[0])
            found[task] = mean_ranks([run for _, run in known])
        return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
