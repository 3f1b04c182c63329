"""Tests whether k candidate seeds are worse than n baseline seeds: a stratified studentised permutation test.

Within each task the difference of means is divided by the standard deviation of all its seeds, so tasks of any scale
add up without normalisation constants. The sum is compared with its values after shuffling the seeds' labels inside
every task. This is exact under "the labels do not matter", for any n and k, also for one candidate seed. If there are
few labelings, all are counted; otherwise they are drawn with a fixed seed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

#: Numbers of labelings up to which all are counted, over all tasks and within one task.
ALL, ALL_OF_TASK = 100_000, 5_000

#: Number of drawn labelings for the ends of an interval; each end takes some thirty tests.
FEWER = 2_000


@dataclass(frozen=True, slots=True)
class Stratum:
    """The seeds of one task under every labeling.

    Attributes:
      baseline, candidate: one value per seed.
      differences: candidate mean minus baseline mean under each labeling, the true labeling first.
      weights: growth of that difference if every true candidate gains one point.
    """

    baseline: tuple[float, ...]
    candidate: tuple[float, ...]
    differences: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, baseline: Sequence[float], candidate: Sequence[float], rng: random.Random) -> Stratum:
        """Enumerates the labelings of a task's seeds, or draws a sample; the true labeling comes first."""
        pool, k, n = [*candidate, *baseline], len(candidate), len(baseline)
        if math.comb(n + k, k) <= ALL_OF_TASK:
            chosen = list(combinations(range(n + k), k))  # the first is the true labeling
        else:
            drawn = (tuple(rng.sample(range(n + k), k)) for _ in range(ALL_OF_TASK - 1))
            chosen = [tuple(range(k)), *drawn]
        total = math.fsum(pool)
        sums = [math.fsum(pool[i] for i in labels) for labels in chosen]
        stay = [sum(i < k for i in labels) for labels in chosen]
        differences = tuple(part / k - (total - part) / n for part in sums)
        weights = tuple(m / k - (k - m) / n for m in stay)
        return cls(tuple(baseline), tuple(candidate), differences, weights)

    def spread(self, shift: float) -> float:
        """Returns the standard deviation of all seeds after a shift of the candidates."""
        pool = [*(value + shift for value in self.candidate), *self.baseline]
        mean = math.fsum(pool) / len(pool)
        return math.sqrt(math.fsum((value - mean) ** 2 for value in pool) / len(pool))

    def statistics(self, shift: float) -> list[float]:
        """Returns the studentised difference under each labeling; zeros if all seeds are equal."""
        spread = self.spread(shift)
        scale = max(max(map(abs, self.differences), default=0.0), abs(shift), 1e-300)
        if spread <= 1e-12 * scale:
            return [0.0] * len(self.differences)
        return [(d + shift * w) / spread for d, w in zip(self.differences, self.weights, strict=True)]


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """The tasks of a comparison, ready to be tested for any shift of the candidates.

    Attributes:
      strata: one per task.
      picks: for each task the labeling of each draw; empty if all labelings are counted.
    """

    strata: tuple[Stratum, ...]
    picks: tuple[tuple[int, ...], ...]

    @classmethod
    def of(
        cls,
        baseline: Sequence[Sequence[float]],
        candidate: Sequence[Sequence[float]],
        draws: int = 10_000,
        seed: int = 0,
    ) -> PermutationTest:
        """Creates the test from one sequence of values per task and side; draws labelings if they are too many."""
        rng = random.Random(seed)
        strata = tuple(Stratum.of(b, c, rng) for b, c in zip(baseline, candidate, strict=True))
        if math.prod(len(stratum.differences) for stratum in strata) <= ALL:
            return cls(strata, ())
        return cls(strata, tuple(tuple(rng.choices(range(len(s.differences)), k=draws)) for s in strata))

    @property
    def exact(self) -> bool:
        """Whether all labelings are counted."""
        return not self.picks

    @property
    def smallest_p(self) -> float:
        """The smallest possible p-value with these numbers of seeds and tasks."""
        total = math.prod(math.comb(len(s.baseline) + len(s.candidate), len(s.candidate)) for s in self.strata)
        return max(1 / total, 0.0 if self.exact else 1 / (1 + len(self.picks[0])))

    def p_worse(self, shifts: Sequence[float]) -> float:
        """Returns the share of labelings at least as bad for the candidates, after a shift in each task."""
        observed, sums = self._sums(shifts)
        return self._share(sum(value <= observed + 1e-9 for value in sums), len(sums))

    def p_better(self, shifts: Sequence[float]) -> float:
        """Returns the share of labelings at least as good for the candidates, after a shift in each task."""
        observed, sums = self._sums(shifts)
        return self._share(sum(value >= observed - 1e-9 for value in sums), len(sums))

    def interval(self, scales: Sequence[float], level: float = 0.95) -> tuple[float | None, float | None]:
        """Returns the interval of common changes of all tasks that the data do not reject, in each task's scale.

        The ends are found by testing shifted candidates; an end is None if there are too few seeds for a bound.
        """
        tail = (1 - level) / 2
        coarse = PermutationTest(self.strata, tuple(pick[:FEWER] for pick in self.picks))

        def better(change: float) -> bool:
            return coarse.p_better([-change * scale for scale in scales]) <= tail

        def worse(change: float) -> bool:
            return coarse.p_worse([-change * scale for scale in scales]) <= tail

        low = None if not better(-4.0) else _edge(better, -4.0, 4.0)
        high = None if not worse(4.0) else _edge(worse, 4.0, -4.0)
        return low, high

    def _share(self, count: int, total: int) -> float:
        return count / total if self.exact else (1 + count) / (1 + total)

    def _sums(self, shifts: Sequence[float]) -> tuple[float, list[float]]:
        tables = [stratum.statistics(shift) for stratum, shift in zip(self.strata, shifts, strict=True)]
        observed = math.fsum(table[0] for table in tables)
        if self.picks:
            columns = [[table[i] for i in pick] for table, pick in zip(tables, self.picks, strict=True)]
            return observed, [sum(row) for row in zip(*columns, strict=True)]
        sums = [0.0]
        for table in tables:
            sums = [total + value for total in sums for value in table]
        return observed, sums


def _edge(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Returns the last change, coming from ``inside``, at which the test still rejects."""
    for _ in range(14):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
