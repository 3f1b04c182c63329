"""Reduces the reference seeds of a task to a middle, a width and the worst seed at every look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from dreamerguard.regression.published import Method

from .binned_curve import Curve, across, delayed, learned_range, spread, trailing

#: Constants of the published reference bands; see `Method` for their meaning.
METHOD = Method(burn_in=0.1, window=0.16, lag=0.15, final=0.1, prior_df=4, floor=0.05, margin=0.05, alarm=0.05)


@dataclass(frozen=True, slots=True)
class SeedBand:
    """The reference band of one task, delayed so that a run may be up to 15 % slower.

    Attributes:
      middle: median over seeds of the trailing mean, in each cell.
      width: standard deviation of one new seed around the middle, in each cell.
      worst: lowest trailing mean over seeds, in each cell.
      scale, start: learned range, and score before learning.
      method: constants of the alarm curve.
    """

    middle: tuple[float | None, ...]
    width: tuple[float, ...]
    worst: tuple[float | None, ...]
    scale: float
    start: float
    method: Method

    @classmethod
    def of(cls, curves: Sequence[Curve], prior: float, method: Method = METHOD) -> SeedBand:
        """Reduces the seeds of one task; ``prior`` is the suite's relative spread (`Calibration.spread`)."""
        smooth = [trailing(curve, method.window) for curve in curves]
        scale, start = method.learned(*learned_range(smooth))
        factor = math.sqrt(1 + 1 / len(smooth))
        width = [factor * sd for sd in spread(smooth, scale, prior, method.prior_df, method.floor)]
        middle = delayed(across(smooth, median), method.lag)
        worst = delayed(across(smooth, min), method.lag)
        return cls(tuple(middle), tuple(width), tuple(worst), scale, start, method)

    def widened(self, factor: float) -> SeedBand:
        """Returns the band with ``factor`` times the width."""
        return self if factor == 1 else replace(self, width=tuple(factor * width for width in self.width))

    def deficits(self, curve: Curve) -> list[float]:
        """Returns how many widths a run is below the middle at every look; minus infinity where no alarm is possible.

        No alarm is possible in the burn-in, on a task that is not learned, or above the worst seed minus the margin.
        """
        method, cells = self.method, len(self.width)
        out = []
        for index, score in enumerate(trailing(curve, method.window)):
            middle, worst = self.middle[index], self.worst[index]
            below = (
                self.scale > 0
                and score is not None
                and middle is not None
                and worst is not None
                and (index + 1) / cells >= method.burn_in
                and score < worst - method.margin * self.scale
            )
            out.append((middle - score) / self.width[index] if below else -math.inf)  # type: ignore[operator]
        return out

    def alarm(self, threshold: float | None) -> list[float | None]:
        """Returns the trailing mean below which a run is over ``threshold`` widths too low; None without an alarm."""
        if threshold is None or self.scale <= 0:
            return [None] * len(self.width)
        out: list[float | None] = []
        for index, (middle, width, worst) in enumerate(zip(self.middle, self.width, self.worst, strict=True)):
            early = (index + 1) / len(self.width) < self.method.burn_in
            if early or middle is None or worst is None:
                out.append(None)
            else:
                out.append(min(middle - threshold * width, worst - self.method.margin * self.scale))
        return out


def leave_one_out(curves: Sequence[Curve], prior: float, method: Method = METHOD) -> list[float]:
    """Returns the largest deficit of each seed relative to the other seeds of its task; empty below three seeds."""
    if len(curves) < 3:
        return []
    return [
        max(SeedBand.of([*curves[:i], *curves[i + 1 :]], prior, method).deficits(curve))
        for i, curve in enumerate(curves)
    ]
