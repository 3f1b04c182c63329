"""The error rates that a sequential comparison promises, and the seeds it saves, on drawn published seeds."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import sequential
from benchmarks.drawn_seeds import CASES, PValues, Sample, draw, p_low
from dreamerguard.regression.compare.sequential_plan import PlannedTask
from dreamerguard.regression.statistics.permutation import PermutationTest


@pytest.fixture(scope="module")
def sample() -> Sample:
    return draw("dmc_vision", 5, 5, 3, 400, np.random.default_rng(0), True, CASES)


@pytest.fixture(scope="module")
def planned() -> list[PlannedTask]:
    return [PlannedTask("dmc_vision", str(i), 1.0, 1, 0.1) for i in range(3)]


def test_healthy_candidates_are_rarely_worse(sample: Sample, planned: list[PlannedTask]) -> None:
    looks = sequential.looks_of(planned, 5)
    found = sequential.run_plan(PValues(sample, "healthy", 0), planned, looks)
    assert looks == (2, 3, 5)
    assert found.worse.mean() <= 0.05
    assert found.seeds.mean() < 4.5


def test_slower_candidates_need_fewer_seeds_than_the_fixed_plan(sample: Sample, planned: list[PlannedTask]) -> None:
    found = sequential.run_plan(PValues(sample, "4x slower", 0), planned, sequential.looks_of(planned, 5))
    assert found.worse.mean() >= 0.98
    assert found.seeds.mean() <= 0.7 * 5


def test_a_loss_of_the_margin_is_rarely_non_inferior(sample: Sample, planned: list[PlannedTask]) -> None:
    found = sequential.run_plan(PValues(sample, "loss of 5 %", 0), planned, sequential.looks_of(planned, 5))
    assert ((found.look > 0) & ~found.worse).mean() <= 0.05


def test_healthy_tasks_are_rarely_named(sample: Sample, planned: list[PlannedTask]) -> None:
    found = sequential.mixed(sample, planned, (5,))
    assert found["healthy task named"] <= 0.05
    assert found["slower tasks named"] > 0.2


def test_the_vectorised_test_is_the_test_of_the_product() -> None:
    rng = np.random.default_rng(0)
    base, cand = rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 2))
    ours = p_low(base, cand, rng)
    for row in range(5):
        test = PermutationTest.of(base[row].tolist(), cand[row].tolist())
        assert test.exact
        assert ours[row] == pytest.approx(test.p_worse([0.0, 0.0]))
