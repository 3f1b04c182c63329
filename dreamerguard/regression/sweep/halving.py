"""Successive halving: at fixed shares of the budget, only the best combinations go on.

It is a rule for a fixed cost, not a test: it stops the lower part however small the differences are, so good
combinations are stopped as a rule. ``python -m benchmarks.sweep_stopping`` measures how often. Jamieson and Talwalkar,
Non-stochastic best arm identification and hyperparameter optimization, 2016.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .board import Board
from .decision import Hopeless, StopDecision
from .runs import SweepRun, by_combination
from .standings import mean_ranks, standings

#: Version of the stored state.
FORMAT = 1


def halve(
    runs: Sequence[SweepRun],
    state: Mapping[str, Any],
    *,
    keep: float = 0.5,
    rungs: Sequence[float] = (0.125, 0.25, 0.5),
) -> StopDecision:
    """Returns the runs of combinations that successive halving stops.

    A rung is decided when every run of the combinations that are left has reached it or has ended. Combinations are
    ordered by their mean rank over the tasks there; one whose runs have all ended before is the lowest.

    Args:
      runs: all planned runs but refused ones, also those that wait or have ended.
      state: state of the last decision; empty at the first call.
      keep: share of the combinations that go on at each rung, at least one.
      rungs: shares of the budget, ascending.

    Raises:
      ValueError: ``keep``, ``rungs`` or the state is not valid.
    """
    if not 0 < keep < 1 or list(rungs) != sorted({*rungs}) or not all(0 < rung < 1 for rung in rungs):
        raise ValueError(f"keep and the ascending rungs must lie between 0 and 1, not {keep} and {tuple(rungs)}")
    if state and state.get("format") != FORMAT:
        raise ValueError(f"the stored state of successive halving has format {state.get('format')}, not {FORMAT}")
    groups = by_combination(runs)
    stored: Mapping[str, Mapping[str, Any]] = state.get("combinations", {})
    rows: dict[str, dict[str, Any]] = {
        label: dict(stored.get(label, {"hopeless": None})) for label in (*stored, *groups)
    }
    made, lines = int(state.get("rungs", 0)), []
    board = Board(runs, {})
    while made < len(rungs):
        alive = {label: group for label, group in groups.items() if not rows[label]["hopeless"]}
        if len(alive) < 2 or not all(_reached(run, rungs[made]) for group in alive.values() for run in group):
            break
        order = _order(board, alive, rungs[made])
        for label in order[max(math.ceil(keep * len(order)), 1) :]:
            rows[label] = {"hopeless": "halving", "rung": rungs[made]}
        made += 1
        lines.append(f"successive halving at {rungs[made - 1]:.4g} of the budget: {len(alive)} combinations before")
    stops = [stop for label, group in groups.items() if rows[label]["hopeless"] for stop in _stops(group, rows[label])]
    return StopDecision(tuple(stops), {"format": FORMAT, "rungs": made, "combinations": rows}, tuple(lines))


def _reached(run: SweepRun, rung: float) -> bool:
    return run.ended or run.share >= rung - 1e-9


def _order(board: Board, alive: Mapping[str, Sequence[SweepRun]], rung: float) -> list[str]:
    """Returns the labels, best first."""
    tasks = {}
    for task, found in board.tasks.items():
        left = [run for run in found if run.label in alive]
        cells = min((max(board.finished_at(run, rung), 1) for run in left), default=1)
        tasks[task] = mean_ranks([run for run in board.ranked(task, cells) if run.label in alive])
    ranks = standings(tasks)
    return sorted(alive, key=lambda label: -ranks.get(label, (0.0, 0))[0])


def _stops(runs: Sequence[SweepRun], row: Mapping[str, Any]) -> list[Hopeless]:
    reason = f"{runs[0].label}: not among the best at {row['rung']:.4g} of the budget (successive halving)"
    return [Hopeless(run.name, "halving", reason, 1.0) for run in runs if not run.ended]
