"""Evidence that k candidate seeds are worse than n other seeds of a task, as an e-value of their ranks.

An e-value is a non-negative number whose mean is at most 1 if the candidates are as good as the others; 100 is then
seen with probability 1/100 at most. E-values of independent tasks multiply, and a weighted mean of e-values is one,
however they depend on each other (Vovk and Wang, E-values: calibration, combination and applications, 2021). So looks
at growing data need no correction for their number: the weighted sum over all looks is an e-value, and it only grows.

The e-value of one task. Let r be the ranks of the candidates among all N = n + k seeds, 0 for the lowest score, and
w = exp(-tilt r / N) the weight of a rank. Then e = (product of the candidates' w) / (mean of that product over all
choices of k of the N ranks). Proof: if the candidates' scores have the same distribution as the others' and are
independent, every choice is equally likely, so the mean is 1. If they are higher, their ranks are higher and e is
lower. Ties count for the candidates. It takes no assumption about the distribution, and lower scores of the others, as
by a margin in favour of the candidates, make e smaller too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

#: Strengths of the weights, mixed in equal parts: weak for many tasks, strong for few seeds.
TILTS = (2.0, 4.0, 8.0)

#: Seeds of one task up to which the mean is exact; above, an upper bound of it is used.
EXACT = 40


def lower_ranks(candidates: Sequence[float], others: Sequence[float]) -> list[int]:
    """Returns the rank of each candidate among all seeds, 0 for the lowest; ties count for the candidates.

    Args:
      candidates: one score per seed.
      others: one score per seed of the other side.
    """
    ordered = sorted([*((value, 1) for value in candidates), *((value, 0) for value in others)])
    return [rank for rank, (_, side) in enumerate(ordered) if side]


def log_evidence(ranks: Sequence[int], seeds: int) -> tuple[float, ...]:
    """Returns the natural logarithm of a task's e-value, for each of `TILTS`.

    Args:
      ranks: ranks of the candidates among all seeds of the task, from 0.
      seeds: number of all seeds, more than that of the candidates.
    """
    total = sum(ranks)
    return tuple(-tilt * total / seeds - _log_mean(seeds, len(ranks), tilt) for tilt in TILTS)


def over_tasks(tasks: Iterable[Sequence[float]]) -> float:
    """Returns the logarithm of the e-value over independent tasks: the product, then the mean over `TILTS`."""
    sums = [math.fsum(column) for column in zip(*tasks, strict=True)] or [0.0] * len(TILTS)
    return log_mean_exp(sums)


def most_evidence(sizes: Iterable[tuple[int, int]]) -> float:
    """Returns the largest logarithm that `over_tasks` can reach with (candidates, others) seeds in each task."""
    return over_tasks(log_evidence(range(k), k + n) for k, n in sizes)


def log_mean_exp(values: Sequence[float]) -> float:
    """Returns the logarithm of the mean of the exponentials."""
    return log_sum_exp(values) - math.log(len(values))


def log_sum_exp(values: Sequence[float]) -> float:
    """Returns the logarithm of the sum of the exponentials; minus infinity without a finite value."""
    most = max(values, default=-math.inf)
    if most == -math.inf:
        return most
    return most + math.log(math.fsum(math.exp(value - most) for value in values))


@lru_cache(maxsize=4096)
def _log_mean(seeds: int, chosen: int, tilt: float) -> float:
    """Returns the logarithm of the mean product of the weights over all choices of ``chosen`` ranks.

    Above `EXACT` seeds it returns the logarithm for draws with replacement, which is at least as large (Hoeffding,
    Probability inequalities for sums of bounded random variables, 1963, theorem 4).
    """
    weights = [math.exp(-tilt * rank / seeds) for rank in range(seeds)]
    if seeds > EXACT:
        return chosen * math.log(math.fsum(weights) / seeds)
    means = [1.0, *[0.0] * chosen]
    for number, weight in enumerate(weights, start=1):
        for size in range(min(number, chosen), 0, -1):
            share = size / number
            means[size] = share * weight * means[size - 1] + (1 - share) * means[size]
    return math.log(means[chosen])
