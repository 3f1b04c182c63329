"""The evidence of one look that a combination is worse than other seeds, over all its tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from dreamerguard.regression.statistics.rank_evidence import log_evidence, lower_ranks, over_tasks

from .board import Board
from .runs import SweepRun, by_task
from .track import Track

#: A run may be this share slower than the others, and this share of what they have learned lower, without being worse.
LAG, MARGIN = 0.15, 0.05

#: Cells that a run must have finished to be compared.
LEAST = 3


@dataclass(frozen=True, slots=True)
class TaskEvidence:
    """The comparison of a combination with other seeds on one task.

    Attributes:
      task: name of the task.
      log: natural logarithm of its e-value for each tilt.
      behind: whether most of the combination's seeds are below all others by more than the margin.
    """

    task: str
    log: tuple[float, ...]
    behind: bool


@dataclass(frozen=True, slots=True)
class RankEvidence:
    """The comparison over all tasks: logarithm of the e-value, and the tasks."""

    log: float
    tasks: tuple[TaskEvidence, ...]

    @classmethod
    def of(cls, tasks: Sequence[TaskEvidence]) -> RankEvidence:
        """Multiplies the e-values of the tasks; without a task there is no evidence."""
        return cls(over_tasks(task.log for task in tasks) if tasks else -math.inf, tuple(tasks))


def compare(board: Board, runs: Sequence[SweepRun], others: Mapping[str, Sequence[Track]]) -> RankEvidence:
    """Compares the runs of a combination with other seeds of the same tasks.

    Args:
      board: the curves.
      runs: the runs of one combination.
      others: task -> curves of seeds that are not in ``runs``.
    """
    found = (_task(board, task, group, others.get(task, ())) for task, group in by_task(runs).items())
    return RankEvidence.of([item for item in found if item is not None])


def compared_cells(finished: Sequence[int]) -> int:
    """Returns the cells up to which seeds are compared, so that seeds times cells is largest; 0 if all are too early.

    It depends on how far the runs are, never on their scores.
    """
    ordered = sorted(finished, reverse=True)
    _, cells = max(((number * cells, cells) for number, cells in enumerate(ordered, start=1)), default=(0, 0))
    return cells if cells >= LEAST else 0


def _task(board: Board, task: str, runs: Sequence[SweepRun], others: Sequence[Track]) -> TaskEvidence | None:
    cells = compared_cells([board.finished(run) for run in runs])
    if not cells or not others:
        return None
    ours = [value for run in runs if (value := board.track(run).mean(cells)) is not None]
    now = [(track, value) for track in others if (value := track.mean(cells)) is not None]
    if not ours or not now:
        return None
    late = max(int(cells * (1 - LAG)), 1)
    learned = max(median(value for _, value in now) - median(track.start for track, _ in now), 0.0)
    theirs = [min(value, _or(track.mean(late), value)) - MARGIN * learned for track, value in now]
    ranks = lower_ranks(ours, theirs)
    return TaskEvidence(task, log_evidence(ranks, len(ours) + len(theirs)), median(ours) < min(theirs))


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
