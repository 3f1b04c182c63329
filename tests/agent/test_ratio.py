"""The exact train ratio against the reference's counter and against its own closed form."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard_agent.replay.ratio import TrainRatio, exact_fraction

from .golden import load

ARRAYS, META = load("ratio")
SCRIPTS = sorted({key.split("/")[0] for key in ARRAYS if "/" in key})
RATIOS = list(enumerate(META["ratios"]))


def _float_is_exact(ratio: float, increment: int) -> bool:
    """Whether ``prev += n / ratio`` and ``int(d * ratio)`` never round, with at most `increment` steps in between."""
    period = 1 / exact_fraction(ratio)
    updates = range(1, math.ceil(increment * ratio) + 3)
    if period.denominator & (period.denominator - 1):
        return False
    return all(Fraction(n / ratio) == n * period and float(n * period) * ratio == n for n in updates)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("row", "ratio"), [(row, ratio) for row, ratio in RATIOS if ratio >= 0])
def test_counts_as_the_reference_where_its_floats_are_exact(script: str, row: int, ratio: float) -> None:
    steps = ARRAYS[f"{script}/step"]
    theirs = np.cumsum(ARRAYS[f"{script}/updates"][row].astype(np.int64))
    schedule = TrainRatio(ratio, batch_steps=1)
    ours = np.cumsum([schedule.due(int(step)) for step in steps])
    ahead = ours - theirs
    exact = ratio == 0 or _float_is_exact(ratio, int(np.diff(steps).max()))
    assert ahead.min() >= 0, "an exact count is never behind a rounded one"
    assert ahead.max() <= (0 if exact else 1)


def test_floats_are_known_to_be_exact_for_powers_of_two_and_known_to_round() -> None:
    assert all(_float_is_exact(2.0**power, 5) for power in range(-6, 3))
    assert not any(_float_is_exact(ratio, 5) for ratio in (0.3, 0.7, 1.5, 1.7, 2.5))


def test_ratio_is_per_batch_of_replayed_steps() -> None:
    schedule = TrainRatio(512, batch_steps=16 * 64)
    assert schedule.updates_per_step == Fraction(1, 2)
    assert [schedule.due(step) for step in range(100, 107)] == [1, 0, 1, 0, 1, 0, 1]


def test_first_call_returns_one_whenever_it_comes() -> None:
    assert TrainRatio(32, 1024).due(1_000_000) == 1


def test_zero_never_trains() -> None:
    schedule = TrainRatio(0, 1024)
    assert sum(schedule.due(step) for step in range(5000)) == 0


@pytest.mark.parametrize(
    ("value", "fraction"),
    [
        (0.3, Fraction(3, 10)),
        (1 / 3, Fraction(1, 3)),
        (2 / 7, Fraction(2, 7)),
        (1e-05, Fraction(1, 100_000)),
        (1e16, Fraction(10**16)),
        (0.0123456789, Fraction(123456789, 10**10)),
        (math.pi, Fraction(math.pi)),
    ],
)
def test_means_the_number_that_was_written(value: float, fraction: Fraction) -> None:
    assert exact_fraction(value) == fraction


@pytest.mark.parametrize(("ratio", "batch"), [(-1.0, 4), (float("inf"), 4), (float("nan"), 4), (1.0, 0)])
def test_refuses_what_it_cannot_count(ratio: float, batch: int) -> None:
    with pytest.raises(ValueError, match="must"):
        TrainRatio(ratio, batch)


def test_refuses_steps_that_go_backwards() -> None:
    schedule = TrainRatio(1, 1)
    schedule.due(10)
    schedule.due(20)
    with pytest.raises(ValueError, match="agent steps decreased"):
        schedule.due(12)


def test_refuses_to_resume_with_another_ratio() -> None:
    state = TrainRatio(512, 1024).state()
    with pytest.raises(ValueError, match=r"run\.train_ratio"):
        TrainRatio.from_state(256, 1024, state)


RATIO = st.one_of(st.sampled_from(META["ratios"]).filter(lambda ratio: ratio > 0), st.floats(1e-3, 64))


@given(RATIO, st.integers(1, 4096), st.integers(0, 10**6), st.lists(st.integers(0, 50), max_size=60), st.data())
def test_total_follows_the_closed_form_and_survives_a_checkpoint(
    ratio: float, batch: int, first: int, increments: list[int], data: st.DataObject
) -> None:
    schedule, total, step = TrainRatio(ratio, batch), 0, first
    stop = data.draw(st.integers(0, len(increments)))
    for number, increment in enumerate([0, *increments]):
        step += increment
        due = schedule.due(step)
        total += due
        assert due >= 0
        assert total == schedule.done == math.floor((step - first) * exact_fraction(ratio) / batch) + 1
        if number == stop:
            schedule = TrainRatio.from_state(ratio, batch, json.loads(json.dumps(schedule.state())))
