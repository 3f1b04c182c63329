"""The seeds of the other combinations of a sweep, with which a combination is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .board import Board
from .evidence import compared_cells
from .runs import SweepRun, by_task
from .standings import mean_ranks, standings
from .track import Track


@dataclass(frozen=True, slots=True)
class Rivals:
    """The other combinations, at the frames that a combination has reached.

    Attributes:
      best: label of the best of them; None if none has runs on the same tasks.
      of_best: task -> curves of the best one.
      of_all: task -> curves of all of them.
    """

    best: str | None
    of_best: dict[str, list[Track]]
    of_all: dict[str, list[Track]]


def rivals(board: Board, label: str, runs: Sequence[SweepRun]) -> Rivals:
    """Returns the seeds of the other combinations on the tasks of one combination.

    The best is the one with the highest mean rank over these tasks, among those that have runs on at least half of
    them.

    Args:
      board: the curves.
      label: label of the combination.
      runs: its runs.
    """
    ordered: dict[str, list[SweepRun]] = {}
    for task, group in by_task(runs).items():
        if cells := compared_cells([board.finished(run) for run in group]):
            ordered[task] = [run for run in board.ranked(task, cells) if run.label != label]
    best = _best({task: mean_ranks(found) for task, found in ordered.items()})
    of_best = {task: [board.track(run) for run in found if run.label == best] for task, found in ordered.items()}
    of_all = {task: [board.track(run) for run in found] for task, found in ordered.items()}
    return Rivals(best, of_best, of_all)


def _best(tasks: Mapping[str, Mapping[str, float]]) -> str | None:
    able = {label: share for label, (share, count) in standings(tasks).items() if 2 * count >= len(tasks)}
    return max(able, key=lambda label: able[label]) if able else None
