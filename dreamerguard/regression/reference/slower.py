"""False alarm statistics for runs of a laboratory or program that learns up to a fifth slower than the published one.

Every published seed is made 20 % slower and compared with the other seeds of its task as they are. With thresholds from
these, the false alarm rate holds for a laboratory whose runs are the published ones, 20 % slower, and is lower for a
faster one. Fewer worse runs are detected: ``benchmarks/synthetic_laboratories.py`` measures both.
"""

from __future__ import annotations

from functools import cache

from dreamerguard.regression.published import (
    Calibration,
    Method,
    Release,
    SlowerCalibration,
    envelope_tasks,
    load_envelope,
)
from dreamerguard.regression.statistics.binned_curve import Curve, conformal_quantile, slowed
from dreamerguard.regression.statistics.seed_band import METHOD, SeedBand

#: How much slower a laboratory may learn.
SLOWER = 0.2


@cache
def slower_calibration(suite: str, release: Release, spread: float, method: Method = METHOD) -> Calibration:
    """Returns the statistics of a suite's seeds that are made slower.

    Args:
      suite, release: of the published curves.
      spread: relative spread of the suite.
      method: constants of the alarm curve.
    """
    found = (load_envelope(suite, task, release) for task in envelope_tasks(suite, release))
    tasks = [envelope.curves for envelope in found if envelope is not None and envelope.seeds >= 3]
    deficits = [value for curves in tasks for value in slower_deficits(curves, spread, method)]
    null = tuple(sorted((value for value in deficits if value > 0), reverse=True))
    alarm = {rate: threshold(deficits, rate) for rate in (0.2, 0.1, 0.05, 0.02, 0.01)}
    return SlowerCalibration(spread, len(deficits), null, alarm, None, 0.0, None)


def slower_deficits(curves: tuple[Curve, ...], spread: float, method: Method = METHOD) -> list[float]:
    """Returns the largest deficit of each seed, made slower, relative to the other seeds of its task."""
    return [
        max(SeedBand.of([*curves[:i], *curves[i + 1 :]], spread, method).deficits(slowed(curve, 1 + SLOWER)))
        for i, curve in enumerate(curves)
    ]


def threshold(deficits: list[float], rate: float) -> float | None:
    """Returns the threshold of a rate; None if there are too few deficits."""
    found = conformal_quantile(deficits, rate)
    return max(found, 0.0) if found != float("inf") else None
