"""An alarm whose false alarm rate is proved from exchangeable seeds, not only measured.

Let task t have n_t published seeds. Assume that a healthy new run is exchangeable with them, given the curves of the
other tasks: it could be any of the n_t + 1. At each look the run's deficit is the smallest one against the published
seeds without one of them, over all choices of that one. A is the largest of these over the looks. The stored L_i is the
largest deficit of published seed i against the other published seeds of its task, so L_i is at least the A that seed i
has among all n_t + 1 curves. With N stored deficits, p = (1 + number of L_i that are at least A) / N.

Guarantee: the probability that p is ever at most a, averaged over the tasks with weights n_t, is at most a.

Proof: let c + 1 be the largest whole number up to aN. Sort the n_t + 1 values A of task t, largest first. Value number
i would give an alarm if at most c - i + 1 of the L of other tasks are as large; let the first r_t values be these. The
run is any of the n_t + 1, so it gives an alarm with probability P_t <= r_t / (n_t + 1). The first r_t values belong to
published seeds, but for the run if it is among them. The L of these seeds are among the c + 1 largest of all. So the
number W_t of seeds of task t there has E[W_t] >= r_t n_t / (n_t + 1) >= n_t P_t, and the sum of n_t P_t over the tasks
is at most c + 1 <= aN. Looks may stop at any time, because A only grows. The spread of the suite and the constants of
the method are taken as known.

This is conformal prediction (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005), with the tasks
of a suite as strata instead of one exchangeable sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dreamerguard.regression.published import Calibration, Method

from .binned_curve import Curve
from .seed_band import METHOD, SeedBand

#: Seeds of a task from which leaving one out costs almost no detection; with five it costs 5 to 15 points.
LEAST_SEEDS = 8

#: Stored deficits from which the guarantee is used.
LEAST_CURVES = 40


@dataclass(frozen=True, slots=True)
class GuaranteedBand(SeedBand):
    """The reference band of one task with an alarm that needs the run to be too low for all seeds but any one.

    Attributes:
      parts: the bands of the seeds without one of them.
    """

    parts: tuple[SeedBand, ...] = ()

    @classmethod
    def leaving_one_out(cls, curves: Sequence[Curve], prior: float, method: Method = METHOD) -> GuaranteedBand:
        """Reduces the seeds of one task; ``prior`` is the suite's relative spread (`Calibration.spread`)."""
        whole = SeedBand.of(curves, prior, method)
        parts = tuple(
            SeedBand.of([*curves[:index], *curves[index + 1 :]], prior, method) for index in range(len(curves))
        )
        return cls(whole.middle, whole.width, whole.worst, whole.scale, whole.start, method, parts)

    def deficits(self, curve: Curve) -> list[float]:
        """Returns the smallest deficit over the parts at every look; minus infinity where no alarm is possible."""
        return [min(column) for column in zip(*(part.deficits(curve) for part in self.parts), strict=True)]

    def alarm(self, threshold: float | None) -> list[float | None]:
        """Returns the trailing mean below which a run is over ``threshold`` widths too low; None without an alarm."""
        columns = zip(*(part.alarm(threshold) for part in self.parts), strict=True)
        return [_lowest(column) for column in columns]

    def widened(self, factor: float) -> GuaranteedBand:
        """Returns the band with ``factor`` times the width; fewer alarms, so the guarantee holds."""
        if factor == 1:
            return self
        parts = tuple(replace(part, width=tuple(factor * width for width in part.width)) for part in self.parts)
        return replace(self, width=tuple(factor * width for width in self.width), parts=parts)


def can_guarantee(seeds: int, calibration: Calibration) -> bool:
    """Returns whether there are enough curves for a guarantee that costs almost no detection.

    Args:
      seeds: reference seeds of the run's task.
      calibration: statistics of the same reference's curves, not borrowed ones.
    """
    return seeds >= LEAST_SEEDS and calibration.curves >= LEAST_CURVES


def guaranteed(calibration: Calibration) -> Calibration:
    """Returns the statistics with p-values and thresholds of the guarantee: out of N curves instead of N + 1."""
    count = calibration.curves
    rates = {rate: _threshold(calibration.null, count, rate) for rate in calibration.alarm}
    return replace(calibration, curves=count - 1, alarm=rates)


def _threshold(null: Sequence[float], count: int, rate: float) -> float | None:
    """Returns the deficit above which p is at most ``rate``; None if there are too few curves."""
    allowed = math.floor(rate * count + 1e-9) - 1
    if allowed < 0:
        return None
    return null[allowed] if allowed < len(null) else 0.0


def _lowest(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return min(known) if len(known) == len(values) else None
