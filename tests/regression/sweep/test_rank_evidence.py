"""Evidence of ranks: an e-value by enumeration, and the exact rank-sum test against brute force."""

from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

from dreamerguard.regression.statistics.rank_evidence import (
    EXACT,
    TILTS,
    log_evidence,
    log_mean_exp,
    log_sum_exp,
    lower_ranks,
    most_evidence,
    over_tasks,
)
from dreamerguard.regression.statistics.rank_test import EXACT as EXACT_TEST
from dreamerguard.regression.statistics.rank_test import p_lower, smallest_p


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 4), (3, 2), (5, 5), (2, 9)])
def test_the_mean_over_all_choices_is_one(k: int, n: int) -> None:
    for index in range(len(TILTS)):
        found = [math.exp(log_evidence(ranks, k + n)[index]) for ranks in combinations(range(k + n), k)]
        assert math.fsum(found) / len(found) == pytest.approx(1, rel=1e-9)


def test_with_many_seeds_the_mean_is_at_most_one() -> None:
    seeds = EXACT + 5
    for index in range(len(TILTS)):
        found = [math.exp(log_evidence(ranks, seeds)[index]) for ranks in combinations(range(seeds), 2)]
        assert 0.8 < math.fsum(found) / len(found) <= 1


def test_a_higher_candidate_has_less_evidence_against_it() -> None:
    low, high = log_evidence([0, 1, 2], 8), log_evidence([0, 1, 5], 8)
    assert all(a > b for a, b in zip(low, high, strict=True))


def test_ties_count_for_the_candidates() -> None:
    assert lower_ranks([1.0, 2.0], [1.0, 2.0, 3.0]) == [1, 3]
    assert lower_ranks([5.0] * 3, [5.0] * 3) == [3, 4, 5]


def test_tasks_multiply_and_sums_stay_finite() -> None:
    one = log_evidence([0, 1, 2, 3, 4], 10)
    assert over_tasks([one, one]) > over_tasks([one]) > 0
    assert over_tasks([]) == 0  # no task, no evidence: an e-value of 1
    assert most_evidence([(5, 5)]) == pytest.approx(over_tasks([one]))
    assert most_evidence([(5, 5)]) < math.log(math.comb(10, 5))
    assert log_sum_exp([-math.inf, -math.inf]) == -math.inf
    assert log_mean_exp([2000.0, 2000.0]) == pytest.approx(2000)


def brute(tasks: list[tuple[list[float], list[float]]]) -> float:
    """Enumerates all choices within the tasks."""
    sums: list[float] = [0]
    observed = 0.0
    for candidates, others in tasks:
        ranks = sorted([*candidates, *others])
        observed += sum(ranks.index(value) for value in candidates)
        picks = [sum(chosen) for chosen in combinations(range(len(ranks)), len(candidates))]
        sums = [total + pick for total in sums for pick in picks]
    return sum(total <= observed for total in sums) / len(sums)


def test_the_p_value_is_that_of_all_choices() -> None:
    rng = random.Random(1)
    for sizes in ([(1, 4)], [(5, 5)], [(2, 3), (3, 2), (1, 1)], [(2, 2), (2, 2), (2, 2)]):
        tasks = [([rng.random() for _ in range(k)], [rng.random() for _ in range(n)]) for k, n in sizes]
        assert p_lower(tasks) == pytest.approx(brute(tasks))


def test_the_smallest_p_value_needs_no_draws() -> None:
    lowest = [([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0])] * 18
    assert p_lower(lowest) == pytest.approx(smallest_p([(5, 5)] * 18), rel=1e-6)
    assert p_lower([(high, low) for low, high in lowest]) == pytest.approx(1)
    assert p_lower([]) == 1


def test_above_the_limit_the_normal_distribution_is_close() -> None:
    rng = random.Random(2)
    sizes = [(20, 20)] * 8  # 3,200
    assert sum(k * n for k, n in sizes) > EXACT_TEST
    tasks = [([rng.gauss(-0.2, 1) for _ in range(k)], [rng.gauss(0, 1) for _ in range(n)]) for k, n in sizes]
    assert p_lower(tasks[:7]) == pytest.approx(_normal(tasks[:7]), abs=0.003)
    assert 0 < p_lower(tasks) < 0.2


def _normal(tasks: list[tuple[list[float], list[float]]]) -> float:
    sizes = [(len(a), len(b)) for a, b in tasks]
    total = sum(sum(lower_ranks(a, b)) - len(a) * (len(a) - 1) // 2 for a, b in tasks)
    middle, spread = sum(k * n for k, n in sizes) / 2, math.sqrt(sum(k * n * (k + n + 1) for k, n in sizes) / 12)
    return 0.5 * math.erfc((middle - total - 0.5) / spread / math.sqrt(2))
