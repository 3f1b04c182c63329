"""Simulates sweeps of published seeds, some of them slower, with the early stopping of the product."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

from benchmarks.detection import start_of
from benchmarks.published import Suite, degrade
from dreamerguard.regression.published import Calibration
from dreamerguard.regression.statistics.seed_band import METHOD
from dreamerguard.regression.sweep import evidence, hopeless
from dreamerguard.regression.sweep.board import Board
from dreamerguard.regression.sweep.decision import StopDecision
from dreamerguard.regression.sweep.evidence import TaskEvidence
from dreamerguard.regression.sweep.halving import halve
from dreamerguard.regression.sweep.hopeless import LOOKS
from dreamerguard.regression.sweep.references import TaskReference
from dreamerguard.regression.sweep.runs import SweepRun
from dreamerguard.regression.sweep.track import Track

SLOWER, SEEDS = 4.0, 5

#: Judges the runs of a sweep with the state of the last call.
Rule = Callable[[Sequence[SweepRun], Mapping[str, Any]], StopDecision]


@dataclass(frozen=True)
class Design:
    """One kind of sweep.

    Attributes:
      rule: ``reference``, ``best``, ``both``, ``halving`` (the better half goes on at 1/8, 1/4 and 1/2 of the budget),
        or ``two thirds`` (the better two thirds go on at 1/4).
      combinations: number of combinations.
      suite: whose curves.
      bad: share of the combinations that are bad.
      slots: runs that train at a time; 0 for all.
      laboratory: factor by which every run is slower than the reference.
      every: bad combinations are bad on every ``every``-th task.
      part: share of the sweeps that are simulated, for designs that take long.
    """

    rule: str
    combinations: int
    suite: str = "dmc_proprio"
    bad: float = 1 / 3
    slots: int = 0
    laboratory: float = 1.0
    every: int = 1
    part: float = 1.0

    @property
    def name(self) -> str:
        """A short description."""
        parts = [self.suite, f"{self.combinations} combinations", self.rule]
        parts += ["no bad run"] if not self.bad else []
        parts += [f"{self.slots} slots"] if self.slots else []
        parts += ["other laboratory"] if self.laboratory > 1 else []
        parts += ["half of the tasks"] if self.every > 1 else []
        return ", ".join(parts)


@cache
def suite_of(name: str) -> Suite:
    """Returns the curves of a suite."""
    return Suite(name)


@cache
def points(name: str, task: str, seed: int, factor: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns frames and scores of a seed that learns ``factor`` times slower, one score per cell."""
    suite = suite_of(name)
    envelope = suite.envelopes[task]
    curve = degrade(envelope.curves[seed], "slow", factor, start_of(suite, task))
    known = [(x, y) for x, y in zip(envelope.grid, curve, strict=True) if y is not None]
    return tuple(x for x, _ in known), tuple(y for _, y in known)


@cache
def references(name: str) -> dict[str, TaskReference]:
    """Returns task#seed -> the other seeds of the task, with statistics from other tasks."""
    suite, found = suite_of(name), {}
    for task, envelope in suite.envelopes.items():
        pool = [value for other, values in suite.null.items() if other != task for value in values]
        null = tuple(sorted((value for value in pool if value > 0), reverse=True))
        calibration = Calibration(suite.prior, len(pool), null, {}, None, 0.0, None)
        for seed in range(envelope.seeds):
            rest = [*envelope.curves[:seed], *envelope.curves[seed + 1 :]]
            found[f"{task}#{seed}"] = TaskReference.from_curves(envelope.grid, rest, calibration, METHOD)
    return found


class RememberingBoard(Board):
    """A board that keeps curves and deficits for the next sweep: names state the curve and how it was changed."""

    _kept: dict[tuple[str, str, int], Any] = {}  # noqa: RUF012

    def _keep(self, what: str, run: SweepRun, make: Callable[[SweepRun], Any]) -> Any:
        key = (what, run.name, self.finished(run))
        if key not in self._kept:
            self._kept[key] = make(run)
        return self._kept[key]

    def track(self, run: SweepRun) -> Track:
        """Returns the curve of a run."""
        return self._keep("track", run, super().track)  # type: ignore[no-any-return]

    def deficits(self, run: SweepRun) -> tuple[float, float]:
        """Returns the largest and the last deficit of a run."""
        return self._keep("deficits", run, super().deficits)  # type: ignore[no-any-return]


_compare_task = evidence._task
_compared: dict[tuple[str, int], TaskEvidence | None] = {}


def remembered(board: Board, task: str, runs: Sequence[SweepRun], others: Sequence[Track]) -> TaskEvidence | None:
    """Compares the runs of a task as the product does, and keeps what one run shows against its reference."""
    reference = board.reference(runs[0])
    if len(runs) > 1 or reference is None or others is not reference.tracks:
        return _compare_task(board, task, runs, others)
    key = (runs[0].name, board.finished(runs[0]))
    if key not in _compared:
        _compared[key] = _compare_task(board, task, runs, others)
    return _compared[key]


@contextmanager
def remembering() -> Iterator[None]:
    """Keeps curves and comparisons between sweeps, because they are made of the same seeds."""
    with patch.object(hopeless, "Board", RememberingBoard), patch.object(evidence, "_task", remembered):
        yield


@dataclass
class Member:
    """A run of a simulated sweep: its points, the number of cells that it has finished, and whether it was stopped."""

    task: str
    seed: int
    combination: int
    bad: bool
    frames: tuple[float, ...]
    scores: tuple[float, ...]
    name: str
    done: int = 0
    stopped: bool = False

    def seen(self, grid: Sequence[float]) -> SweepRun:
        """Returns what the rules see."""
        edge = grid[self.done - 1] * (1 + 1e-9) if self.done else 0.0
        count = bisect_right(self.frames, edge)
        ended = self.stopped or self.done == len(grid)
        names = {"combination": str(self.combination)}
        key = f"{self.task}#{self.seed}"
        return SweepRun(
            self.name, names, self.task, self.seed, self.frames[:count], self.scores[:count], grid[-1], ended, key
        )


def deal(design: Design, rng: random.Random) -> list[Member]:
    """Returns the runs of one sweep in the order in which they start."""
    suite = suite_of(design.suite)
    keys = [(t, s) for t, e in suite.envelopes.items() for s in rng.sample(range(e.seeds), min(SEEDS, e.seeds))]
    rng.shuffle(keys)
    tasks = list(suite.envelopes)
    members = []
    for index, (task, seed) in enumerate(keys):
        combination = index % design.combinations
        bad = combination < round(design.bad * design.combinations) and tasks.index(task) % design.every == 0
        factor = design.laboratory * (SLOWER if bad else 1.0)
        x, y = points(design.suite, task, seed, factor)
        members.append(Member(task, seed, combination, bad, x, y, f"{task}-{seed}-{factor:g}"))
    return members


def rule_of(design: Design) -> Rule:
    """Returns the rule of a design."""
    if design.rule == "halving":
        return lambda runs, state: halve(runs, state)
    if design.rule == "two thirds":
        return lambda runs, state: halve(runs, state, keep=2 / 3, rungs=(0.25,))
    known = references(design.suite) if design.rule != "best" else {}
    against = ("reference", "best") if design.rule == "both" else (design.rule,)
    return lambda runs, state: hopeless.find_hopeless(runs, known, state, against=against)  # type: ignore[arg-type]


def work_looks(members: Sequence[Member], grids: Mapping[str, Sequence[float]]) -> tuple[int, ...]:
    """Returns the number of planned looks that each combination has reached; between two looks no rule decides.

    Runs that were stopped leave their combination's looks to the runs that are left, so the looks of a combination with
    stopped runs change with every cell.
    """
    shares: dict[int, list[float]] = {}
    stopped = {member.combination for member in members if member.stopped}
    for member in members:
        if not member.stopped:
            shares.setdefault(member.combination, []).append(member.done / len(grids[member.task]))
    found = []
    for combination, values in sorted(shares.items()):
        mean = sum(values) / len(values)
        found.append(round(1000 * mean) if combination in stopped else sum(mean >= look - 1e-9 for look in LOOKS))
    return tuple(found)


@dataclass(frozen=True)
class Outcome:
    """What a rule did to one sweep.

    Attributes:
      saved: share of the bad runs' work that is not made; 0 without a bad run.
      good, lost: numbers of good runs, and of those that are stopped.
      lost_combination: whether a combination without a bad run loses a run.
      lost_best: whether the good combination with the highest final scores loses a run.
    """

    saved: float
    good: int
    lost: int
    lost_combination: bool
    lost_best: bool


def simulate(design: Design, rng: random.Random) -> Outcome:
    """Runs one sweep."""
    suite, members = suite_of(design.suite), deal(design, rng)
    state: Mapping[str, Any] = {}
    rule = rule_of(design)
    grids = {task: envelope.grid for task, envelope in suite.envelopes.items()}
    open_ones, made = list(members), None
    while open_ones:
        for member in open_ones[: design.slots or len(open_ones)]:
            member.done += 1
        if (due := work_looks(members, grids)) == made:
            open_ones = [member for member in open_ones if member.done < len(grids[member.task])]
            continue
        made = due
        decision = rule([member.seen(grids[member.task]) for member in members], state)
        state, stops = decision.state, {stop.name for stop in decision.stops}
        for member in open_ones:
            member.stopped = member.name in stops
        open_ones = [member for member in open_ones if not member.stopped and member.done < len(grids[member.task])]
    saved = [1 - member.done / len(grids[member.task]) for member in members if member.bad]
    good = [member for member in members if not member.bad]
    lost = [member for member in good if member.stopped]
    harmed = {member.combination for member in members if member.bad}
    return Outcome(
        sum(saved) / len(saved) if saved else 0.0, len(good), len(lost),
        any(member.combination not in harmed for member in lost), _best_lost(good, grids),
    )  # fmt: skip


def _best_lost(good: Sequence[Member], grids: Mapping[str, Sequence[float]]) -> bool:
    """Returns whether a run of the combination is stopped that would end highest, by mean rank over its tasks."""
    ranks: dict[int, list[float]] = {}
    for task in grids:
        some = sorted((member for member in good if member.task == task), key=lambda member: sum(member.scores[-5:]))
        for rank, member in enumerate(some):
            ranks.setdefault(member.combination, []).append((rank + 0.5) / len(some))
    best = max(ranks, key=lambda combination: sum(ranks[combination]) / len(ranks[combination]))
    return any(member.stopped for member in good if member.combination == best)
