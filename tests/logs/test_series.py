"""Scores and metrics stay in order however a log is written."""

from __future__ import annotations

import random

from dreamerguard.logs.series import CAPACITY, JITTER, Scores, Series


def _points(scores: Scores) -> list[tuple[float, float]]:
    return list(scores)


def test_a_resumed_run_replaces_what_it_plays_again() -> None:
    scores = Scores()
    scores.extend([1000.0, 2000, 3000, 4000], [1.0, 2, 3, 4])
    scores.extend([2000.0, 3500], [20.0, 35])
    assert _points(scores) == [(1000, 1), (2000, 20), (3500, 35)]
    assert (scores.rewinds, scores.replaced) == (1, 3)


def test_a_single_row_that_goes_back_or_far_ahead_waits_for_the_next_one() -> None:
    scores = Scores()
    for x in range(1000, 31_000, 1000):
        scores.add(float(x), 1.0)
    for stray in (0.0, 1e12, 5000.0):
        scores.add(stray, 9.0)
        assert scores.frames[-1] == 30_000 and len(scores) == 30
    scores.add(31_000.0, 1.0)
    assert (len(scores), scores.order.strays, scores.rewinds) == (31, 3, 0)
    scores.add(10_000.0, 2.0)
    scores.add(11_000.0, 2.0)
    assert (scores.frames[-1], len(scores), scores.rewinds) == (11_000, 11, 1)
    scores.order.trust()  # the first row of a new file
    scores.add(4000.0, 3.0)
    assert (scores.frames[-1], scores.rewinds) == (4000, 2)


def test_environments_that_end_out_of_order_are_no_restart() -> None:
    scores = Scores()
    for x in (1000, 1600, 1000 + JITTER // 2, 1600):
        scores.add(x, float(x))
    assert list(scores.frames) == [1000, 1512, 1600, 1600]
    assert scores.rewinds == 0


def test_a_step_that_is_logged_twice_counts_once_where_steps_are_unique() -> None:
    scores = Scores("replace")
    scores.extend([100.0, 200, 200], [1.0, 2, 3])
    assert _points(scores) == [(100, 1), (200, 3)]
    assert scores.replaced == 1


def test_blocks_and_single_scores_give_the_same() -> None:
    rng = random.Random(0)
    frames = [float(x) for x in range(0, 200_000, 500)]
    frames = frames[:200] + frames[120:]  # one restart
    values = [rng.random() for _ in frames]
    single, blocks = Scores(), Scores()
    for x, y in zip(frames, values, strict=True):
        single.add(x, y)
    for start in range(0, len(frames), 7):
        blocks.extend(frames[start : start + 7], values[start : start + 7])
    assert _points(single) == _points(blocks)
    assert single.rewinds == blocks.rewinds == 1


def test_a_metric_of_any_length_takes_bounded_memory_and_keeps_its_ends() -> None:
    series = Series()
    for x in range(50_000):
        series.add(x, 2.0 * x)
    assert CAPACITY / 3 < len(series) <= CAPACITY
    assert (series.frames[0], series.frames[-1], series.last) == (0, 49_999, 99_998)
    assert list(series.frames) == sorted(series.frames)
    assert series.slope() == 2.0
    assert series.slope(0.25) == 2.0
    assert min(series.tail(0.25)) >= 2 * 0.75 * 49_999


def test_a_metric_forgets_what_a_resumed_run_measures_again() -> None:
    series = Series()
    for x, y in ((1, 1.0), (2, 2.0), (3, 3.0), (2, 20.0)):
        series.add(x, y)
    assert list(zip(series.frames, series.values, strict=True)) == [(1, 1), (2, 20)]
    assert Series().slope() is None
    assert Series().tail(0.5) == []
