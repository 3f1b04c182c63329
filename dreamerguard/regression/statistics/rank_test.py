"""The exact stratified rank-sum test: are k candidate seeds lower than n others, over several tasks?

Within each task the seeds are ranked; the candidates' ranks are added up over the tasks and compared with all choices
of candidates within the tasks. The distribution depends on the numbers of seeds alone, so it is computed once, without
drawing, and p-values may be as small as many comparisons need (van Elteren, On the combination of independent two
sample tests of Wilcoxon, 1960). Ties count for the candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from .rank_evidence import lower_ranks

#: Sum over tasks of n times k up to which the distribution is exact; above, it is taken as normal.
EXACT = 3_000

#: Candidates and others of one task.
Sizes = tuple[int, int]


def p_lower(tasks: Iterable[tuple[Sequence[float], Sequence[float]]]) -> float:
    """Returns the share of choices that are at least as low for the candidates.

    Args:
      tasks: scores of the candidates and of the others, each with at least one seed; without a task p is 1.
    """
    sizes, total = [], 0
    for candidates, others in tasks:
        k = len(candidates)
        sizes.append((k, len(others)))
        total += sum(lower_ranks(candidates, others)) - k * (k - 1) // 2
    return _share_up_to(tuple(sorted(sizes)), total) if sizes else 1.0


def smallest_p(sizes: Iterable[Sizes]) -> float:
    """Returns the smallest p-value that (candidates, others) seeds in each task allow."""
    return math.prod(1 / math.comb(k + n, k) for k, n in sizes)


def _share_up_to(sizes: tuple[Sizes, ...], total: int) -> float:
    if sum(k * n for k, n in sizes) <= EXACT:
        return _cumulative(sizes)[total]
    middle = sum(k * n for k, n in sizes) / 2
    spread = math.sqrt(sum(k * n * (k + n + 1) for k, n in sizes) / 12)
    return 0.5 * math.erfc((middle - total - 0.5) / spread / math.sqrt(2))


@lru_cache(maxsize=256)
def _cumulative(sizes: tuple[Sizes, ...]) -> tuple[float, ...]:
    """Returns the probability of each total rank sum or a lower one, above the smallest possible."""
    found = [1.0]
    for k, n in sizes:
        one = _one_task(k, n)
        mixed = [0.0] * (len(found) + len(one) - 1)
        for shift, chance in enumerate(one):
            for index, value in enumerate(found):
                mixed[shift + index] += chance * value
        found = mixed
    return tuple(min(value, 1.0) for value in accumulate(found))


@lru_cache(maxsize=256)
def _one_task(k: int, n: int) -> tuple[float, ...]:
    """Returns the probability of each rank sum of k among k + n ranks, above the smallest possible.

    The highest rank belongs to a candidate with probability k / (k + n); this adds n to the sum.
    """
    if not k or not n:
        return (1.0,)
    with_it, without = _one_task(k - 1, n), _one_task(k, n - 1)
    share = k / (k + n)
    found = [0.0] * (k * n + 1)
    for index, chance in enumerate(with_it):
        found[index + n] += share * chance
    for index, chance in enumerate(without):
        found[index] += (1 - share) * chance
    return tuple(found)
