"""Pools spread and false alarm statistics over tasks with few seeds, as `benchmarks.build_tdmpc2_data` states."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from dreamerguard.regression.published import Calibration, Method
from dreamerguard.regression.reference.entries import rounded
from dreamerguard.regression.statistics.binned_curve import (
    Curve,
    across,
    conformal_quantile,
    learned_range,
    trailing,
    variance,
)
from dreamerguard.regression.statistics.seed_band import SeedBand

RATES = (0.2, 0.1, 0.05, 0.02, 0.01)


@dataclass(frozen=True, slots=True)
class TaskCurves:
    """The seeds of one task on its grid."""

    task: str
    grid: Sequence[float]
    curves: Sequence[Curve]

    @property
    def whole(self) -> list[Curve]:
        """The seeds that reach the last tenth of the budget."""
        return [curve for curve in self.curves if curve[-max(1, len(curve) // 10)] is not None]


def pooled_spread(tasks: Iterable[TaskCurves], method: Method) -> float:
    """Returns the median over learned tasks of the seeds' standard deviation after the first quarter, in ranges."""
    found = []
    for item in tasks:
        smooth = [trailing(curve, method.window) for curve in item.curves]
        first = learned_range(smooth)
        if method.learned(*first)[0] <= method.least_range:
            continue
        late = [value for value in across(smooth, variance)[len(item.grid) // 4 :] if value is not None]
        late = [value for value in late if math.isfinite(value)]
        found.append(math.sqrt(math.fsum(late) / len(late)) / method.learned(*first)[0])
    return median(found)


def folds(item: TaskCurves, spread: float, method: Method) -> list[tuple[Curve, SeedBand]]:
    """Returns each seed with the band of the other seeds of its task."""
    return [
        (curve, SeedBand.of([*item.curves[:i], *item.curves[i + 1 :]], spread, method))
        for i, curve in enumerate(item.curves)
    ]


def can_be_flagged(band: SeedBand) -> bool:
    """Returns whether a run with the lowest score, 0, would be flagged at some look if the threshold were 0."""
    return any(level is not None and level > 0 for level in band.alarm(0.0))


def deficits(item: TaskCurves, spread: float, method: Method) -> list[float]:
    """Returns the largest deficit of each seed against the others; without seeds that cannot be flagged."""
    return [max(band.deficits(curve)) for curve, band in folds(item, spread, method) if can_be_flagged(band)]


def calibrate(tasks: Sequence[TaskCurves], method: Method) -> Calibration:
    """Returns spread and false alarm statistics, pooled over tasks."""
    spread = pooled_spread(tasks, method)
    found = [value for item in tasks for value in deficits(item, spread, method)]
    null = tuple(rounded(value) for value in sorted(found, reverse=True) if value > 0)
    alarm = {rate: _threshold(found, rate) for rate in RATES}
    below = sum(value > -math.inf for value in found) / len(found)
    return Calibration(
        rounded(spread), len(found), null, alarm, alarm[method.alarm], _one_seed(tasks, spread, method), rounded(below)
    )


def _threshold(values: Sequence[float], rate: float) -> float | None:
    found = conformal_quantile(values, rate)
    return None if found == math.inf else rounded(max(found, 0.0))


def _one_seed(tasks: Iterable[TaskCurves], spread: float, method: Method) -> float:
    """Returns the multiplier of the 90 % interval for one new seed at one look, from all seeds and looks."""
    found = []
    for item in tasks:
        for index, (curve, band) in enumerate(folds(item, spread, method)):
            rest = [trailing(other, method.window) for i, other in enumerate(item.curves) if i != index]
            cells = zip(trailing(curve, method.window), across(rest, median), band.width, strict=True)
            found += [abs(y - m) / w for y, m, w in cells if y is not None and m is not None]
    return rounded(conformal_quantile(found, 0.1))
