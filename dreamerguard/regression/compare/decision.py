"""Rule R2 compares k candidate seeds on m tasks with n baseline seeds and gives a verdict with an error rate.

WORSE: final score or area under the curve is lower with p <= 2.5 %. NON-INFERIOR: the final score is shown to lose less
than the margin with p <= 5 %. INCONCLUSIVE: neither; the result estimates how many more seeds are needed. On healthy
pairs of published seeds at most 8 % of comparisons are called worse: ``python -m benchmarks.comparison``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dreamerguard.regression.published import Calibration
from dreamerguard.regression.statistics.binned_curve import (
    Curve,
    area,
    final_score,
    interquartile_mean,
    learned_range,
    trailing,
)
from dreamerguard.regression.statistics.permutation import PermutationTest
from dreamerguard.regression.statistics.seed_band import METHOD, SeedBand
from dreamerguard.regression.watch.verdict import WATCH_RATE, p_value
from dreamerguard.util.text import number_of

from .seeds_needed import further_seeds, relative_spread_of, student_95

#: Rates of a false WORSE on either of the two figures, and of a false NON-INFERIOR.
WORSE_RATE, INFERIOR_RATE = 0.025, 0.05


@dataclass(frozen=True, slots=True)
class Rates:
    """The levels of a test: of WORSE for each of two figures, and of NON-INFERIOR."""

    worse: float = WORSE_RATE
    inferior: float = INFERIOR_RATE


class Outcome(StrEnum):
    """The verdict of a comparison about the candidates."""

    WORSE = "WORSE"
    NON_INFERIOR = "NON-INFERIOR"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class TaskSeeds:
    """The curves of one task on both sides, on one grid of cells.

    Attributes:
      task, suite: names.
      baseline, candidate: curves of the seeds.
      prior: relative spread of the suite's seeds, see `Calibration.spread`.
      calibration: false alarm statistics to judge single seeds; None if unavailable.
    """

    task: str
    suite: str
    baseline: tuple[Curve, ...]
    candidate: tuple[Curve, ...]
    prior: float
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of one task of a comparison.

    Attributes:
      task, suite: names.
      n, k: numbers of baseline and candidate seeds.
      baseline, candidate: mean final scores.
      learned: learned range of the baseline, in points of the task.
      change: difference of final means as a share of the learned range; None if nothing is learned.
      low, high: 95 % interval of the change, from the spread of the seeds shrunk towards the suite's.
      area_change: difference of the means of the whole curve as a share of the learned range.
      better: probability that a candidate seed beats a baseline seed.
      too_low: number of candidate seeds that rule R1 calls too low at 5 %; None if the rule cannot be applied.
    """

    task: str
    suite: str
    n: int
    k: int
    baseline: float
    candidate: float
    learned: float
    change: float | None
    low: float | None
    high: float | None
    area_change: float | None
    better: float
    too_low: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict over all tasks.

    Attributes:
      outcome, reason: the verdict and one sentence that explains it.
      tasks: result of each task.
      p_final, p_area: one-sided p-values of "worse" for final score and area under the curve.
      p_margin: p-value of "loses more than the margin"; None if no task learns anything.
      margin: accepted loss as a share of the baseline's learned range.
      change: interquartile mean over tasks of the change in final score.
      low, high: 95 % interval of a common change of all tasks; None where there are too few seeds for a bound.
      better: mean over tasks of the probability that a candidate seed beats a baseline seed.
      exact: whether all labelings were counted.
      further: candidate seeds per task to add until an equally good candidate would be shown non-inferior four times in
        five; None if candidate seeds alone cannot reach that.
      further_both: seeds to add per task on both sides for that; None if over 100.
      rates: levels of the verdict.
    """

    outcome: Outcome
    reason: str
    tasks: tuple[TaskResult, ...]
    p_final: float
    p_area: float
    p_margin: float | None
    margin: float
    change: float | None
    low: float | None
    high: float | None
    better: float
    exact: bool
    further: int | None
    further_both: int | None
    rates: Rates = Rates()


def decide(
    tasks: Sequence[TaskSeeds],
    margin: float = 0.05,
    draws: int = 10_000,
    seed: int = 0,
    *,
    rates: Rates = Rates(),
    learned: Sequence[float] | None = None,
) -> Comparison:
    """Compares candidates with baselines.

    Args:
      tasks: at least one, each with at least one curve on each side and two in all.
      margin: accepted loss as a share of the baseline's learned range.
      draws, seed: number of drawn labelings and seed of the draw, used where there are too many labelings to count.
      rates: levels of the verdict.
      learned: learned range of each task in points; by default that of its baseline.
    """
    finals = [(_figures(t.baseline, True), _figures(t.candidate, True)) for t in tasks]
    areas = [(_figures(t.baseline, False), _figures(t.candidate, False)) for t in tasks]
    scales = list(learned) if learned is not None else learned_ranges(tasks)
    final_test = PermutationTest.of([b for b, _ in finals], [c for _, c in finals], draws, seed)
    area_test = PermutationTest.of([b for b, _ in areas], [c for _, c in areas], draws, seed)
    zero = [0.0] * len(tasks)
    p_final, p_area = final_test.p_worse(zero), area_test.p_worse(zero)
    able = [i for i, scale in enumerate(scales) if scale > 0]
    p_margin, low, high = None, None, None
    if able:
        kept = PermutationTest.of([finals[i][0] for i in able], [finals[i][1] for i in able], draws, seed)
        p_margin = kept.p_better([margin * scales[i] for i in able])
        low, high = kept.interval([scales[i] for i in able])
    results = tuple(_task_result(t, f, a, scale) for t, f, a, scale in zip(tasks, finals, areas, scales, strict=True))
    changes = [result.change for result in results if result.change is not None]
    outcome, reason = _decide(p_final, p_area, p_margin, margin, final_test.smallest_p, rates)
    reason = f"{reason} ({sizes_text(tasks)})"
    spreads = [relative_spread_of(tasks[i].prior, finals[i], scales[i]) for i in able]
    sizes = [(len(tasks[i].baseline), len(tasks[i].candidate)) for i in able]
    return Comparison(
        outcome, reason, results, p_final, p_area, p_margin, margin,
        interquartile_mean(changes) if changes else None, low, high,
        math.fsum(result.better for result in results) / len(results), final_test.exact,
        further_seeds(spreads, sizes, margin, both=False), further_seeds(spreads, sizes, margin, both=True), rates,
    )  # fmt: skip


def learned_ranges(tasks: Sequence[TaskSeeds]) -> list[float]:
    """Returns the learned range of each task's baseline in points."""
    return [learned_range([trailing(curve, METHOD.window) for curve in task.baseline])[0] for task in tasks]


def _figures(curves: Sequence[Curve], final: bool) -> list[float]:
    found = [final_score(curve, METHOD.final) if final else area(curve) for curve in curves]
    return [value for value in found if value is not None]


def _decide(
    p_final: float, p_area: float, p_margin: float | None, margin: float, smallest: float, rates: Rates
) -> tuple[Outcome, str]:
    if min(p_final, p_area) <= rates.worse:
        figure = "final score" if p_final <= p_area else "area under the curve"
        within = p_margin is not None and p_margin <= rates.inferior
        also = f"; the loss in final score is below {margin:.0%} of the learned range" if within else ""
        return Outcome.WORSE, f"the {figure} is lower with p = {min(p_final, p_area):.2g}{also}"
    if p_margin is not None and p_margin <= rates.inferior:
        return Outcome.NON_INFERIOR, f"a loss of {margin:.0%} of the learned range is ruled out with p = {p_margin:.2g}"
    if smallest > rates.worse:
        return Outcome.INCONCLUSIVE, f"with so few seeds and tasks p cannot be below {smallest:.2g}"
    shown = "" if p_margin is None else f", and a loss of {margin:.0%} is not ruled out (p = {p_margin:.2g})"
    return Outcome.INCONCLUSIVE, f"not shown to be worse (p = {min(p_final, p_area):.2g}){shown}"


def sizes_text(tasks: Sequence[TaskSeeds]) -> str:
    """Returns the number of seeds of each side and the tasks in words."""
    sides = (
        (sum(len(task.candidate) for task in tasks), "candidate"),
        (sum(len(t.baseline) for t in tasks), "baseline"),
    )
    ours, theirs = (number_of(count, f"{side} seed") for count, side in sides)
    names = [task.task for task in tasks]
    where = names[0] if len(names) == 1 else number_of(len(names), "task")
    listed = f": {', '.join(names)}" if 1 < len(names) <= 6 else ""
    return f"{ours} against {theirs} on {where}{listed}"


def _task_result(
    task: TaskSeeds, finals: tuple[list[float], list[float]], areas: tuple[list[float], list[float]], scale: float
) -> TaskResult:
    (base, cand), n, k = finals, len(finals[0]), len(finals[1])
    difference = _mean(cand) - _mean(base)
    change = low = high = area_change = None
    if scale > 0:
        change, area_change = difference / scale, (_mean(areas[1]) - _mean(areas[0])) / scale
        half = (
            student_95(METHOD.prior_df + n + k - 2)
            * relative_spread_of(task.prior, finals, scale)
            * math.sqrt(1 / n + 1 / k)
        )
        low, high = change - half, change + half
    wins = math.fsum((c > b) + 0.5 * (c == b) for c in cand for b in base)
    too_low = None
    if task.calibration is not None and n >= 3:
        baseline, calibration = SeedBand.of(task.baseline, task.prior), task.calibration
        worst = [max(baseline.deficits(curve)) for curve in task.candidate]
        too_low = sum(p_value(deficit, calibration) <= WATCH_RATE for deficit in worst)
    return TaskResult(
        task.task, task.suite, n, k, _mean(base), _mean(cand), scale, change, low, high, area_change, wins / (n * k),
        too_low,
    )  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
