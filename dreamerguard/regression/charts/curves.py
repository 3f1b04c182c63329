"""Computes the curves of a chart: run, band and median as the same statistic.

Two statistics are drawn, each in its own chart: the mean of the episodes in each cell of the budget, which follows the
episodes, and the mean over the last 16 % of the budget, which the verdict compares and which lags behind them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dreamerguard.regression.published import Envelope
from dreamerguard.regression.statistics.binned_curve import Curve, across, to_cells, trailing
from dreamerguard.regression.watch.watcher import Status
from dreamerguard.util.text import number_of

from .html import count, percent
from .svg import Band, Line, Point

#: Number of cells without a reference.
CELLS = 50


@dataclass(frozen=True, slots=True)
class CellMeans:
    """The cells in which a chart averages episodes.

    Attributes:
      grid: right edge of each cell in frames, ascending.
    """

    grid: Sequence[float]

    @classmethod
    def of(cls, statuses: Sequence[Status], end: float) -> CellMeans:
        """Returns the cells of the first reference among the runs, or equal cells up to ``end`` frames."""
        found = next((status.reference for status in statuses if status.reference is not None), None)
        return cls(found.envelope.grid if found is not None else [end * (i + 1) / CELLS for i in range(CELLS)])

    @property
    def width(self) -> float:
        """Frames of one cell."""
        return self.grid[1] - self.grid[0] if len(self.grid) > 1 else self.grid[0]

    @property
    def name(self) -> str:
        """The statistic for a legend: ``mean per 10 k frames``."""
        return f"mean per {count(self.width)} frames"

    def middles(self) -> list[float]:
        """Returns the middle of each cell, where its mean is drawn."""
        return [edge - self.width / 2 for edge in self.grid]

    def curve(self, status: Status) -> Curve:
        """Returns a run's mean in each cell; None in cells that the run has not completed."""
        if status.log is None:
            return [None] * len(self.grid)
        scores = status.scores[0]
        return to_cells(scores.frames, scores.values, self.grid, status.log.frames)

    def points(self, curve: Curve) -> list[Point]:
        """Returns the points of a curve over the middles of its cells."""
        return [(x, y) for x, y in zip(self.middles(), curve, strict=True) if y is not None]


def mean_of(curves: Sequence[Curve]) -> list[float | None]:
    """Returns the mean over runs in each cell that all runs have completed."""
    complete = [all(value is not None for value in column) for column in zip(*curves, strict=True)]
    means = across(curves, lambda values: math.fsum(values) / len(values))
    return [value if known else None for value, known in zip(means, complete, strict=True)]


def reference_means(status: Status) -> tuple[tuple[Band, ...], tuple[Line, ...]]:
    """Returns the mean per cell of the reference seeds as a band and its median; empty tuples without a reference."""
    if status.reference is None:
        return (), ()
    return envelope_means(status.reference.envelope)


def envelope_means(envelope: Envelope) -> tuple[tuple[Band, ...], tuple[Line, ...]]:
    """Returns the mean per cell of an envelope's seeds as a band and its median."""
    return _band(envelope, CellMeans(envelope.grid).middles(), envelope.curves)


def reference_trailing(status: Status) -> tuple[tuple[Band, ...], tuple[Line, ...]]:
    """Returns the verdict's mean of the reference seeds as a band and its median; empty tuples without a reference."""
    if status.reference is None:
        return (), ()
    envelope, window = status.reference.envelope, status.reference.method.window
    return _band(envelope, envelope.grid, [trailing(curve, window) for curve in envelope.curves])


def trailing_name(status: Status) -> str:
    """Returns the verdict's statistic for a legend: ``mean over the last 16 % of the budget``."""
    share = status.reference.method.window if status.reference is not None else 1.0
    return f"mean over the last {percent(share)} of the budget"


def _band(
    envelope: Envelope, xs: Sequence[float], curves: Sequence[Curve]
) -> tuple[tuple[Band, ...], tuple[Line, ...]]:
    cells = zip(xs, across(curves, min), across(curves, max), across(curves, median), strict=True)
    known = [(x, lo, hi, mid) for x, lo, hi, mid in cells if lo is not None and hi is not None and mid is not None]
    origin = "custom" if envelope.release == "own" else "published"
    label = f"{number_of(envelope.seeds, f'{origin} seed')}, same mean, lowest to highest"
    band = Band(label, [(x, low, high) for x, low, high, _ in known])
    return (band,), (Line("their median", [(x, middle) for x, _, _, middle in known], "median"),)
