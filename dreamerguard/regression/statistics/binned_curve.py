"""Averages scores in equal cells of the budget and computes the statistics of rule R1 on these curves.

A curve is one value per cell, None where a cell has no score. Plain Python, because the guard installs without NumPy.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from statistics import median

Curve = Sequence[float | None]


def to_cells(
    frames: Sequence[float], scores: Sequence[float], grid: Sequence[float], progress: float | None = None
) -> list[float | None]:
    """Returns the mean score of the episodes that ended in each cell.

    Args:
      frames: environment frames at the end of each episode, ascending.
      scores: finite score of each episode.
      grid: right edge of each cell in frames, ascending and equally spaced.
      progress: frames the run has reached; cells that end later are not finished and stay None. Without it the run is
        over, and the cell of its last episode counts however little of it was played, as in the published curves.

    Returns:
      One value per cell. A cell without an episode repeats the previous cell.
    """
    cells: list[float | None] = [None] * len(grid)
    if not frames:
        return cells
    begin = 0
    for index, edge in enumerate(grid):
        end = bisect_right(frames, edge * (1 + 1e-9), lo=begin)
        if end > begin:
            cells[index] = math.fsum(scores[begin:end]) / (end - begin)
        begin = end
    if progress is None:
        last = bisect_left(grid, frames[-1], key=lambda edge: edge * (1 + 1e-9))
    else:
        last = bisect_right(grid, progress * (1 + 1e-9)) - 1
        cells[last + 1 :] = [None] * (len(cells) - last - 1)
    for index in range(1, min(last + 1, len(cells))):
        if cells[index] is None:
            cells[index] = cells[index - 1]
    return cells


def trailing(curve: Curve, share: float) -> list[float | None]:
    """Returns the mean over the last ``share`` of the budget, shorter at the start; None where the curve is None."""
    window = max(1, round(share * len(curve)))
    out: list[float | None] = []
    for index, value in enumerate(curve):
        seen = [x for x in curve[max(0, index + 1 - window) : index + 1] if x is not None]
        out.append(None if value is None else math.fsum(seen) / len(seen))
    return out


def final_score(curve: Curve, share: float) -> float | None:
    """Returns the mean over the last ``share`` of the budget, among cells with a value; None without a value."""
    seen = [value for value in curve if value is not None][-max(1, round(share * len(curve))) :]
    return math.fsum(seen) / len(seen) if seen else None


def area(curve: Curve) -> float | None:
    """Returns the mean of the whole curve; None without a value."""
    seen = [value for value in curve if value is not None]
    return math.fsum(seen) / len(seen) if seen else None


def across(curves: Sequence[Curve], reduce: Callable[[Sequence[float]], float]) -> list[float | None]:
    """Reduces the seeds to one value per cell and skips seeds without a value there."""
    columns = ([value for value in column if value is not None] for column in zip(*curves, strict=True))
    return [reduce(column) if column else None for column in columns]


def learned_range(smooth: Sequence[Curve]) -> tuple[float, float]:
    """Returns the largest rise of the median over seeds above its first value, and that first value."""
    middle = [value for value in across(smooth, median) if value is not None]
    return (max(max(middle) - middle[0], 0.0), middle[0]) if middle else (0.0, 0.0)


def variance(values: Sequence[float]) -> float:
    """Returns the unbiased variance; NaN for fewer than two values."""
    if len(values) < 2:
        return math.nan
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def spread(smooth: Sequence[Curve], scale: float, prior: float, prior_df: float, floor: float) -> list[float]:
    """Returns the standard deviation over seeds in each cell, stabilised in three ways.

    The task's variance is averaged over five neighbouring cells, shrunk towards the suite's (``prior`` times the
    learned range, with the weight of ``prior_df`` degrees of freedom) and floored at a share of the learned range.
    """
    seeds = len(smooth)
    own = [math.nan if value is None else value for value in across(smooth, variance)]
    out = []
    for index in range(len(own)):
        near = [own[min(max(index + shift, 0), len(own) - 1)] for shift in range(-2, 3)]
        known = [value for value in near if math.isfinite(value)]
        mean = math.fsum(known) / len(known) if known else 0.0
        shrunk = (prior_df * (prior * scale) ** 2 + (seeds - 1) * mean) / (prior_df + seeds - 1)
        out.append(max(math.sqrt(shrunk), floor * scale, 1e-9))
    return out


def delayed(curve: Curve, lag: float) -> list[float | None]:
    """Returns the curve of a run that is slower by ``lag``; never above the original curve."""
    out: list[float | None] = []
    for index, value in enumerate(curve):
        at = max((index + 1) * (1 - lag) - 1, 0.0)
        low = min(int(at), len(curve) - 1)
        left, right = curve[low], curve[min(low + 1, len(curve) - 1)]
        late = None if left is None or right is None else left + (right - left) * (at - low)
        known = [x for x in (value, late) if x is not None]
        out.append(min(known) if known else None)
    return out


def slowed(curve: Curve, factor: float) -> list[float | None]:
    """Returns the curve of a run that takes ``factor`` times as long to learn; interpolates between cells."""
    out: list[float | None] = []
    for index in range(len(curve)):
        at = min(max((index + 1) / factor - 1, 0.0), len(curve) - 1.0)
        low = math.floor(at)
        left, right = curve[low], curve[min(low + 1, len(curve) - 1)]
        out.append(left if left is None or right is None else left + (right - left) * (at - low))
    return out


def relative_spread(tasks: Sequence[Sequence[Curve]], window: float) -> float:
    """Returns the median over tasks of the seeds' standard deviation after the first quarter, in learned ranges.

    Only tasks with at least three seeds count; returns 0.15 if there is no such task.
    """
    found = []
    for curves in tasks:
        smooth = [trailing(curve, window) for curve in curves]
        scale, _ = learned_range(smooth)
        if len(curves) < 3 or scale <= 0:
            continue
        late = [value for value in across(smooth, variance)[len(smooth[0]) // 4 :] if value is not None]
        late = [value for value in late if math.isfinite(value)]
        if late:
            found.append(math.sqrt(math.fsum(late) / len(late)) / scale)
    return median(found) if found else 0.15


def conformal_quantile(values: Sequence[float], rate: float) -> float:
    """Returns the smallest threshold that a new exchangeable value exceeds with probability at most ``rate``.

    Returns infinity if there are too few values.
    See Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005).
    """
    rank = math.ceil((len(values) + 1) * (1 - rate) - 1e-9)
    return sorted(values)[rank - 1] if rank <= len(values) else math.inf


def interquartile_mean(values: Sequence[float]) -> float:
    """Returns the mean without the lowest and the highest quarter (https://arxiv.org/abs/2108.13264)."""
    ordered, cut = sorted(values), len(values) // 4
    kept = ordered[cut : len(ordered) - cut]
    return math.fsum(kept) / len(kept)
