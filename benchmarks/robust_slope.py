"""Robust slope of a noisy series: the median of all slopes between two points (Theil and Sen), with its range.

The range is Sen's: it counts concordant pairs as Kendall's test does and needs no distribution of the noise, but it
needs independent points. Samples of memory that are taken in quick succession are not independent, so `block_medians`
reduces them to one point per minute first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope in units of y per unit of x.

    Attributes:
      value: median slope of all pairs.
      low, high: confidence range.
      points: number of points.
    """

    value: float
    low: float
    high: float
    points: int


def theil_sen(x: Sequence[float], y: Sequence[float], confidence: float = 0.95) -> Slope | None:
    """Returns the robust slope of y over x; None with fewer than three different values of x.

    Args:
      x: positions, not necessarily sorted.
      y: values, as many as positions.
      confidence: probability that the range covers the slope.
    """
    points = list(zip(x, y, strict=True))
    slopes = sorted(
        (right[1] - left[1]) / (right[0] - left[0])
        for number, left in enumerate(points)
        for right in points[number + 1 :]
        if right[0] != left[0]
    )
    if len(set(x)) < 3:
        return None
    count = len(points)
    deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    width = NormalDist().inv_cdf((1 + confidence) / 2) * deviation
    low = max(math.floor((len(slopes) - width) / 2), 0)
    high = min(math.ceil((len(slopes) + width) / 2), len(slopes) - 1)
    return Slope(median(slopes), slopes[low], slopes[high], count)


def block_medians(
    x: Sequence[float], y: Sequence[float], width: float, of: Callable[[Sequence[float]], float] = median
) -> tuple[list[float], list[float]]:
    """Reduces a series to one point per block.

    Args:
      x: positions.
      y: values.
      width: width of a block, in units of x.
      of: value of a block, for example `min`.

    Returns:
      Centers of the blocks that hold points, in order, and their values.
    """
    blocks: dict[int, list[float]] = {}
    for position, value in zip(x, y, strict=True):
        blocks.setdefault(math.floor(position / width), []).append(value)
    return [(number + 0.5) * width for number in sorted(blocks)], [of(blocks[number]) for number in sorted(blocks)]
