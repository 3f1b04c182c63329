"""Ranks the combinations of a sweep by their scores at the same frames of each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .board import Board
from .runs import SweepRun

#: Task -> label of a combination -> mean rank of its runs, from 0 to 1.
TaskRanks = dict[str, dict[str, float]]


def ranked_runs(board: Board, runs: Sequence[SweepRun], cells: int) -> list[SweepRun]:
    """Returns the runs that have finished a number of cells, by their recent score there, lowest first."""
    found = [(run, board.track(run).mean(cells)) for run in runs if board.finished(run) >= cells]
    known = [(value, run) for run, value in found if value is not None]
    return [run for _, run in sorted(known, key=lambda item: item[0])]


def mean_ranks(ordered: Sequence[SweepRun]) -> dict[str, float]:
    """Returns the mean rank of each combination's runs as a share of all runs, from runs in the order of their
    scores."""
    ranks: dict[str, list[float]] = {}
    for rank, run in enumerate(ordered):
        ranks.setdefault(run.label, []).append((rank + 0.5) / len(ordered))
    return {label: sum(found) / len(found) for label, found in ranks.items()}


def standings(tasks: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[float, int]]:
    """Returns each combination's mean rank over the tasks where it has one, and their number."""
    found: dict[str, list[float]] = {}
    for ranks in tasks.values():
        for label, share in ranks.items():
            found.setdefault(label, []).append(share)
    return {label: (sum(shares) / len(shares), len(shares)) for label, shares in found.items()}
