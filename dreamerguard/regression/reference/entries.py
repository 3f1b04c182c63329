"""Computes the stored statistics of one task from its curves, in the format of ``task_defaults/reference``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from dreamerguard.regression.published import Calibration, Method
from dreamerguard.regression.statistics.binned_curve import (
    Curve,
    across,
    area,
    final_score,
    learned_range,
    spread,
    trailing,
)
from dreamerguard.regression.statistics.seed_band import METHOD, SeedBand

_REACH = (0.25, 0.5, 0.75, 0.9)


def task_entry(
    curves: Sequence[Curve], calibration: Calibration, grid: Sequence[float], method: Method = METHOD
) -> dict[str, Any]:
    """Returns the entry of a task; without a band for fewer than three curves.

    Args:
      curves: one curve per seed, one value per cell.
      calibration: spread and false alarm statistics of the suite.
      grid: right edge of each cell in environment frames, ascending.
      method: constants of the alarm curve.
    """
    smooth = [trailing(curve, method.window) for curve in curves]
    scale, start = method.learned(*learned_range(smooth))
    finals = sorted(value for curve in curves if (value := final_score(curve, method.final)) is not None)
    areas = sorted(value for curve in curves if (value := area(curve)) is not None)
    entry: dict[str, Any] = {
        "n": len(curves),
        "listed": len(curves),
        "start": rounded(start),
        "range": rounded(scale),
        "median": row(across(curves, median)),
        "seeds": [row(curve) for curve in curves],
        "final": {"median": rounded(median(finals)), "min": finals[0], "max": finals[-1], "seeds": finals},
        "auc": {"median": rounded(median(areas)), "min": areas[0], "max": areas[-1]},
        "reach": _reach_entries(curves, start, median(finals), grid),
        "norm": [rounded(start), rounded(max(median(finals), start + 1e-9))],
    }
    return entry if len(curves) < 3 else entry | _bands(curves, smooth, calibration, grid, method)


def _bands(
    curves: Sequence[Curve],
    smooth: Sequence[Curve],
    calibration: Calibration,
    grid: Sequence[float],
    method: Method,
) -> dict[str, Any]:
    baseline = SeedBand.of(curves, calibration.spread, method)
    sd = spread(smooth, baseline.scale, calibration.spread, method.prior_df, method.floor)
    half = [calibration.one_seed_pi90 * width for width in baseline.width]
    middle = across(smooth, median)
    alarm = baseline.alarm(calibration.alarm_used)
    caught = next((x for x, y in zip(grid, alarm, strict=True) if y is not None and y > baseline.start), None)
    return {
        "sd": row(sd),
        "pi90_lo": row([None if m is None else m - h for m, h in zip(middle, half, strict=True)]),
        "pi90_hi": row([None if m is None else m + h for m, h in zip(middle, half, strict=True)]),
        "alarm": row(alarm),
        "single_seed_floor": None if alarm[-1] is None else rounded(alarm[-1]),
        "flat_run_caught_at": None if caught is None else rounded(caught),
    }


def _reach_entries(curves: Sequence[Curve], start: float, goal: float, grid: Sequence[float]) -> dict[str, Any]:
    found = {}
    for share in _REACH:
        level = start + share * (goal - start)
        steps = []
        for curve in curves:
            smooth = trailing(curve, 0.06)
            hit = next((i for i in range(2, len(grid)) if (y := smooth[i]) is not None and y >= level), None)
            steps.append(math.inf if hit is None else grid[hit])
        middle, done = median(steps), [step for step in steps if step < math.inf]
        found[f"{share:g}"] = {
            "reached": len(done),
            "median": rounded(middle) if middle < math.inf else None,
            "first": rounded(min(done)) if done else None,
            "last": rounded(max(steps)) if len(done) == len(steps) else None,
        }
    return found


def row(values: Curve) -> list[float | None]:
    """Returns the values of a curve as they are stored."""
    return [None if value is None else rounded(value) for value in values]


def rounded(value: float) -> float:
    """Returns a number with six significant digits, as it is stored."""
    return float(f"{value:.6g}")
