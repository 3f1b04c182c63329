"""Estimates the seeds that a comparison needs, by the normal approximation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from dreamerguard.regression.statistics.seed_band import METHOD

#: Level of NON-INFERIOR, and the p-value that the seeds must be able to reach.
_RATE, _SMALLEST_P = 0.05, 0.025

#: Standard normal quantile of a test that succeeds four times in five.
_POWER = 0.842


def relative_spread_of(prior: float, finals: tuple[Sequence[float], Sequence[float]], scale: float) -> float:
    """Returns the standard deviation of one seed's final score in learned ranges, shrunk towards the suite's.

    Args:
      prior: relative spread of the suite's seeds.
      finals: final scores of the seeds of both sides.
      scale: learned range in points.
    """
    squares = math.fsum((value - math.fsum(side) / len(side)) ** 2 for side in finals for value in side) / scale**2
    degrees = len(finals[0]) + len(finals[1]) - 2
    return math.sqrt((METHOD.prior_df * prior**2 + squares) / (METHOD.prior_df + degrees))


def further_seeds(spreads: Sequence[float], sizes: Sequence[tuple[int, int]], margin: float, both: bool) -> int | None:
    """Returns the seeds to add per task until 2.49 standard errors of the mean change fit the margin; None over 100.

    Args:
      spreads: standard deviation of one seed per task, in learned ranges.
      sizes: seeds of baseline and candidate per task.
      margin: accepted loss as a share of the learned range.
      both: whether seeds are added on both sides.
    """
    for extra in range(101):
        pairs = [(n + extra * both, k + extra) for n, k in sizes]
        enough = math.prod(math.comb(n + k, k) for n, k in pairs) >= 1 / _SMALLEST_P
        if spreads and enough and detected_loss(spreads, pairs, _RATE) <= margin:
            return extra
    return None


def detected_loss(spreads: Sequence[float], sizes: Sequence[tuple[int, int]], rate: float) -> float:
    """Returns the common loss of all tasks, in learned ranges, that a test at a level finds four times in five."""
    error = math.sqrt(math.fsum(s * s * (1 / n + 1 / k) for s, (n, k) in zip(spreads, sizes, strict=True)))
    return (NormalDist().inv_cdf(1 - rate) + _POWER) * error / len(spreads)


def student_95(degrees: float) -> float:
    """Returns the 97.5 % quantile of Student's t by Abramowitz and Stegun 26.7.5; the error is 0.5 % at 4 degrees."""
    z = 1.959964
    terms = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + sum(term / degrees ** (i + 1) for i, term in enumerate(terms))
