"""The arithmetic of rule R1, compared with NumPy or with values computed by hand."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.regression.statistics.binned_curve import (
    across,
    area,
    conformal_quantile,
    delayed,
    final_score,
    interquartile_mean,
    learned_range,
    relative_spread,
    spread,
    to_cells,
    trailing,
    variance,
)

GRID = [100.0 * (i + 1) for i in range(10)]


def test_cells_average_the_episodes_that_ended_in_them() -> None:
    frames, scores = [10, 100, 101, 250, 251, 460], [1, 3, 5, 7, 9, 11]
    assert to_cells(frames, scores, GRID) == [2, 5, 8, 8, 11, *[None] * 5]
    assert to_cells(frames, scores, GRID, progress=460) == [2, 5, 8, 8, *[None] * 6]
    assert to_cells(frames, scores, GRID, progress=800) == [2, 5, 8, 8, 11, 11, 11, 11, None, None]
    assert to_cells([450], [1], GRID)[:5] == [None, None, None, None, 1]
    assert to_cells([], [], GRID) == [None] * 10
    assert to_cells([2000], [1], GRID, progress=2000) == [None] * 10


def test_the_last_cell_of_a_finished_run_counts_however_little_was_played() -> None:
    grid = GRID[:4]
    for end in (101, 149, 150, 151, 199, 200):
        assert to_cells([50, 100, end], [1, 1, 9], grid) == [1, 9, None, None]
        assert to_cells([50, 100, end], [1, 1, 9], grid, progress=end) == [1, 9 if end == 200 else None, None, None]
    assert to_cells([50, 301], [1, 9], grid) == [1, 1, 1, 9]  # cells between two episodes repeat the one before
    assert to_cells([50, 400 * (1 + 1e-10)], [1, 9], grid) == [1, 1, 1, 9]
    assert to_cells([50, 300 * (1 + 1e-10)], [1, 9], grid) == [1, 1, 9, None]
    assert to_cells([50, 401], [1, 9], grid) == [1, 1, 1, 1]  # the last episode ended after the last cell


def test_trailing_mean_is_shorter_at_the_start() -> None:
    assert trailing([1, 2, 3, 4, None, 6], 0.5) == [1, 1.5, 2, 3, None, 5]


def test_final_score_and_area() -> None:
    curve = [None, 1.0, 2, 3, 4, 5, 6, 7, 8, None]
    assert final_score(curve, 0.1) == 8
    assert final_score(curve, 0.2) == 7.5
    assert area(curve) == 4.5
    assert final_score([None], 0.1) is None
    assert area([None, None]) is None


def test_a_late_run_sees_the_curve_of_earlier() -> None:
    # cell 10 of a run that is 15 % slower is at 8.5 cells: halfway between 8 and 9
    assert delayed([float(i) for i in range(1, 11)], 0.15)[9] == pytest.approx(8.5)
    assert delayed([5.0, 4.0, 3.0], 0.15) == [5, 4, 3]  # never above the curve itself
    assert delayed([None, 2.0], 0.15) == [None, 2]


def test_learned_range_counts_from_the_first_figure() -> None:
    assert learned_range([[None, 10.0, 40.0, 30.0], [None, 20.0, 60.0, 20.0]]) == (35, 15)
    assert learned_range([[5.0, 3.0]]) == (0, 5)


def test_spread_is_shrunk_and_floored() -> None:
    curves = [[10.0] * 6, [14.0] * 6]  # variance 8
    (value, *_) = spread(curves, scale=100, prior=0.1, prior_df=4, floor=0.05)
    assert value == pytest.approx(math.sqrt((4 * 10**2 + 1 * 8) / 5))
    assert spread([[1.0] * 6] * 3, 100, 0.0, 4, 0.05) == [5] * 6
    assert spread([[1.0] * 6], 100, 0.1, 4, 0.0) == [pytest.approx(10)] * 6  # one seed: the suite's alone


@pytest.mark.parametrize("rate", [0.5, 0.2, 0.1, 0.05])
def test_conformal_quantile_keeps_its_rate(rate: float) -> None:
    rng = random.Random(0)
    hits = 0
    for _ in range(4000):
        values = [rng.random() for _ in range(30)]
        hits += values[0] > conformal_quantile(values[1:], rate)
    assert hits / 4000 <= rate + 3 * math.sqrt(rate / 4000)


def test_conformal_quantile_needs_enough_values() -> None:
    assert conformal_quantile([1.0] * 18, 0.05) == math.inf
    assert conformal_quantile([*[1.0] * 18, 2.0], 0.05) == 2
    assert conformal_quantile([1.0, 2, 3], 0.5) == 2


def test_interquartile_mean() -> None:
    assert interquartile_mean([1, 2, 3, 100]) == 2.5
    assert interquartile_mean([1, 2, 30]) == 11


@given(st.lists(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=8), min_size=2, max_size=6))
def test_variance_and_trailing_mean_as_numpy(curves: list[list[float]]) -> None:
    array = np.array(curves)
    assert across(curves, variance) == pytest.approx(list(array.var(0, ddof=1)), abs=1e-6)
    smooth = np.array([trailing(curve, 0.5) for curve in curves])
    for index in range(8):
        assert smooth[:, index] == pytest.approx(array[:, max(0, index - 3) : index + 1].mean(1), abs=1e-6)


def test_relative_spread_of_tasks() -> None:
    rising = [100.0 * i for i in range(11)]
    seeds = [[y + shift for y in rising] for shift in (-10, 0, 10)]
    assert relative_spread([seeds], window=0.0) == pytest.approx(10 / 1000)
    assert relative_spread([seeds[:2]], window=0.0) == 0.15  # two seeds say too little
