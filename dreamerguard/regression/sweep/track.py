"""One curve as running sums, so that the mean over any part of it costs two look-ups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from dreamerguard.regression.statistics.binned_curve import Curve


@dataclass(frozen=True, slots=True)
class Track:
    """The curve of one run or reference seed.

    Attributes:
      finished: number of finished cells.
      sums: sum of the scores of the first cells, for 0 to ``finished`` cells.
      first: index of the first cell with a score.
    """

    finished: int
    sums: tuple[float, ...]
    first: int

    @classmethod
    def of(cls, cells: Curve) -> Track:
        """Reduces a curve; cells without a score may stand before the first and after the last one."""
        known = [index for index, value in enumerate(cells) if value is not None]
        if not known:
            return cls(0, (0.0,), 0)
        end = known[-1] + 1
        return cls(end, tuple(accumulate((value or 0.0 for value in cells[:end]), initial=0.0)), known[0])

    @property
    def start(self) -> float:
        """The score in the first cell that has one."""
        return self.sums[self.first + 1] - self.sums[self.first] if self.finished else 0.0

    def mean(self, cells: int, share: float = 0.5) -> float | None:
        """Returns the mean score in the last ``share`` of the first ``cells`` cells; None without a score there."""
        begin = max(cells - max(round(share * cells), 1), self.first)
        return (self.sums[cells] - self.sums[begin]) / (cells - begin) if begin < cells <= self.finished else None
