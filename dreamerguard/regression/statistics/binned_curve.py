"""Curves in equal cells of the budget, and the arithmetic of rule R1 on them.

A curve is one figure per cell, None where there is none yet. Plain Python, because the guard installs without numpy.
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
    """Mean score of the episodes that ended in each cell.

    Args:
      frames: environment frames at the end of each episode, ascending.
      scores: finite score of each episode.
      grid: right edge of each cell in frames, ascending and equally spaced.
      progress: frames the run has reached; cells that end later are not finished and stay None. Without it the run is
        over, and the cell of its last episode counts however little of it was played, as in the published curves.

    Returns:
      One figure per cell. A cell without an episode repeats the one before it.
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
    """Mean over the last ``share`` of the budget, shorter at the start; None where the curve has no figure."""
    window = max(1, round(share * len(curve)))
    out: list[float | None] = []
    for index, value in enumerate(curve):
        seen = [x for x in curve[max(0, index + 1 - window) : index + 1] if x is not None]
        out.append(None if value is None else math.fsum(seen) / len(seen))
    return out


def final_score(curve: Curve, share: float) -> float | None:
    """Mean over the last ``share`` of the budget of the cells that have a figure; None without any."""
    seen = [value for value in curve if value is not None][-max(1, round(share * len(curve))) :]
    return math.fsum(seen) / len(seen) if seen else None


def area(curve: Curve) -> float | None:
    """Mean of the whole curve; None without any figure."""
    seen = [value for value in curve if value is not None]
    return math.fsum(seen) / len(seen) if seen else None


def across(curves: Sequence[Curve], reduce: Callable[[Sequence[float]], float]) -> list[float | None]:
    """Reduces the seeds cell by cell, leaving out those without a figure."""
    columns = ([value for value in column if value is not None] for column in zip(*curves, strict=True))
    return [reduce(column) if column else None for column in columns]


def learned_range(smooth: Sequence[Curve]) -> tuple[float, float]:
    """What there is to learn: how far the median over seeds rises above its first figure, and that figure."""
    middle = [value for value in across(smooth, median) if value is not None]
    return (max(max(middle) - middle[0], 0.0), middle[0]) if middle else (0.0, 0.0)


def variance(values: Sequence[float]) -> float:
    """Unbiased variance; NaN for fewer than two values."""
    if len(values) < 2:
        return math.nan
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def spread(smooth: Sequence[Curve], scale: float, prior: float, prior_df: float, floor: float) -> list[float]:
    """Standard deviation over seeds in each cell, stabilised three ways.

    A task's own variance is averaged over five neighbouring cells, shrunk towards the suite's (``prior`` times the
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
    """The curve as a run sees it that is slower by ``lag``; never above the curve itself."""
    out: list[float | None] = []
    for index, value in enumerate(curve):
        at = max((index + 1) * (1 - lag) - 1, 0.0)
        low = min(int(at), len(curve) - 1)
        left, right = curve[low], curve[min(low + 1, len(curve) - 1)]
        late = None if left is None or right is None else left + (right - left) * (at - low)
        known = [x for x in (value, late) if x is not None]
        out.append(min(known) if known else None)
    return out


def relative_spread(tasks: Sequence[Sequence[Curve]], window: float) -> float:
    """Median over tasks of the seeds' standard deviation relative to the learned range, after the first quarter.

    Tasks need three seeds; 0.15 where none has them.
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
    """Smallest threshold that a further exchangeable value exceeds with at most ``rate``; infinite for too few values.

    See Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005).
    """
    rank = math.ceil((len(values) + 1) * (1 - rate) - 1e-9)
    return sorted(values)[rank - 1] if rank <= len(values) else math.inf


def interquartile_mean(values: Sequence[float]) -> float:
    """Mean without the lowest and highest quarter (https://arxiv.org/abs/2108.13264)."""
    ordered, cut = sorted(values), len(values) // 4
    kept = ordered[cut : len(ordered) - cut]
    return math.fsum(kept) / len(kept)
