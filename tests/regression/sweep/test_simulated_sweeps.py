"""The benchmark of early stopping: no run is judged by a reference that contains it, and the targets on few sweeps."""

from __future__ import annotations

import random

import pytest

from benchmarks.simulated_sweeps import Design, deal, points, references, remembering, simulate, suite_of
from benchmarks.sweep_stopping import alone, wilson
from dreamerguard.regression.sweep.track import Track

pytestmark = pytest.mark.integration


def test_no_run_is_judged_by_a_reference_that_contains_it() -> None:
    suite = suite_of("dmc_proprio")
    for member in deal(Design("reference", 6), random.Random(1)):
        own = Track.of(suite.envelopes[member.task].curves[member.seed])
        reference = references("dmc_proprio")[f"{member.task}#{member.seed}"]
        assert len(reference.tracks) == suite.envelopes[member.task].seeds - 1
        assert own not in reference.tracks
        null = sum(len(values) for task, values in suite.null.items() if task != member.task)
        assert reference.calibration.curves == null


def test_a_third_of_the_runs_is_four_times_slower() -> None:
    members = deal(Design("reference", 3), random.Random(2))
    assert len(members) == 90 and sum(member.bad for member in members) == 30
    bad = next(member for member in members if member.bad)
    healthy = points("dmc_proprio", bad.task, bad.seed, 1.0)[1]
    assert bad.scores[39] == pytest.approx(healthy[9])  # the frames are stretched to four times


@pytest.mark.parametrize("rule", ["reference", "best"])
def test_bad_runs_are_stopped_and_good_ones_are_not(rule: str) -> None:
    rng = random.Random(3)
    with remembering():
        found = [simulate(Design(rule, 3), rng) for _ in range(4)]
    assert sum(one.saved for one in found) / 4 >= 0.35
    assert [one.lost for one in found] == [0] * 4


def test_halving_loses_good_runs() -> None:
    assert simulate(Design("halving", 6), random.Random(4)).lost > 0


def test_the_interval_of_no_loss_has_an_upper_end() -> None:
    low, high = wilson(0, 1000)
    assert low == 0 and 0.003 < high < 0.005
    assert wilson(50, 1000)[0] < 0.05 < wilson(50, 1000)[1]


def test_single_runs_cannot_be_stopped_without_losing_good_ones() -> None:
    enough = [row for row in alone() if row["saved"] >= 0.35]
    assert enough and min(row["sweeps that lose a good run"] for row in enough) > 0.5
