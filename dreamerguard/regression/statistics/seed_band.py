"""What one run is held against: the seeds of a task, reduced to a middle, a width and the worst seed at every look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dreamerguard.regression.published import Method

from .binned_curve import Curve, across, delayed, learned_range, spread, trailing

#: Constants of the published envelopes; see `Method` for their meaning.
METHOD = Method(burn_in=0.1, window=0.16, lag=0.15, final=0.1, prior_df=4, floor=0.05, margin=0.05, alarm=0.05)


@dataclass(frozen=True, slots=True)
class SeedBand:
    """The reference seeds of one task, as a run up to 15 % slower would see them.

    Attributes:
      middle: median over seeds of the trailing mean, in each cell.
      width: standard deviation of one new seed around the middle.
      worst: lowest seed of the trailing mean.
      scale, start: learned range and score before learning.
      method: constants.
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
        scale, start = learned_range(smooth)
        factor = math.sqrt(1 + 1 / len(smooth))
        width = [factor * sd for sd in spread(smooth, scale, prior, method.prior_df, method.floor)]
        middle = delayed(across(smooth, median), method.lag)
        worst = delayed(across(smooth, min), method.lag)
        return cls(tuple(middle), tuple(width), tuple(worst), scale, start, method)

    def deficits(self, curve: Curve) -> list[float]:
        """How many widths a run is below the middle at every look; minus infinity where no alarm may be raised.

        None may be raised in the burn-in, on a task where nothing is learned, or above the worst seed less the margin.
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
        """The trailing mean below which a run is more than ``threshold`` widths too low; None where none is raised."""
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
    """Largest deficit of each seed against the others of its task; at least two others are needed."""
    if len(curves) < 3:
        return []
    return [
        max(SeedBand.of([*curves[:i], *curves[i + 1 :]], prior, method).deficits(curve))
        for i, curve in enumerate(curves)
    ]
