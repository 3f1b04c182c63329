"""Rule R1 on published curves: known cases, and what must hold for any run."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.regression.published import Calibration, Envelope, envelope_tasks, load_calibration, load_envelope
from dreamerguard.regression.statistics.seed_band import SeedBand
from dreamerguard.regression.watch.verdict import State, Verdict, escalate, judge, judge_cells, p_value

from .run_logs import walker

ENVELOPE = walker()


def _calibration(suite: str = "dmc_proprio") -> Calibration:
    found = load_calibration(suite)
    assert found is not None
    return found[0]


CALIBRATION = _calibration()


def _points(curve: tuple[float | None, ...], gain: float = 1.0) -> list[tuple[float, float]]:
    return [(x, gain * y) for x, y in zip(ENVELOPE.grid, curve, strict=True) if y is not None]


def _judge(points: list[tuple[float, float]], **known: object) -> Verdict:
    return judge(points, ENVELOPE, CALIBRATION, **known)  # type: ignore[arg-type]


def test_published_seeds_are_healthy() -> None:
    for curve in ENVELOPE.curves:
        verdict = _judge(_points(curve))
        assert verdict.state is State.OK
        assert verdict.at_frames is None


def test_a_run_at_a_quarter_of_the_score_is_a_regression() -> None:
    verdict = _judge(_points(ENVELOPE.curves[0], 0.27))
    assert verdict.state is State.REGRESSED
    assert verdict.p == pytest.approx(1 / 91)
    assert verdict.at_frames == 190_000
    assert verdict.last is not None
    assert verdict.last.watch == pytest.approx(692, abs=0.5)  # the stored alarm curve
    assert "reference 921.4 (90 % of seeds 805 to 1000)" in verdict.reason


def test_no_verdict_before_a_tenth_of_the_budget() -> None:
    assert _judge([]).state is State.TOO_EARLY
    low = [(x, -1000.0) for x in ENVELOPE.grid]
    assert _judge(low[:4]).state is State.TOO_EARLY
    assert _judge(low[:5]).state is State.REGRESSED


def test_only_finished_cells_count_while_a_run_goes_on() -> None:
    points = [(x, -1000.0) for x in ENVELOPE.grid[:9]] + [(95_000.0, -1000.0)]
    running = _judge(points, progress=99_999, finished=False)
    assert running.last is not None
    assert running.last.frames == 90_000
    assert _judge(points).last.frames == 100_000  # type: ignore[union-attr]


def test_a_late_learner_that_recovers_is_fine() -> None:
    cells = [(y or 0.0) * (0.27 if i < 25 else 1.0) for i, y in enumerate(ENVELOPE.curves[0])]
    verdict = judge_cells(cells, ENVELOPE, CALIBRATION)
    assert verdict.state is State.OK
    assert verdict.at_frames == 190_000
    assert "has recovered" in verdict.reason
    assert verdict.p < 0.05  # the largest deficit so far stays on record


def test_still_low_at_the_end_turns_a_warning_into_a_regression() -> None:
    score = 640.0  # between the thresholds of 5 % and 2 %: 692 and 494
    cells = [min(y or 0.0, score) for y in ENVELOPE.curves[0]]
    watching = judge_cells([*cells[:45], *[None] * 4], ENVELOPE, CALIBRATION)
    assert watching.state is State.WATCH
    assert judge_cells(cells, ENVELOPE, CALIBRATION).state is State.REGRESSED


def test_where_one_seed_cannot_tell() -> None:
    calibration = _calibration("dmc_proprio")
    sparse = load_envelope("dmc_proprio", "dmc_cartpole_swingup_sparse")
    assert sparse is not None
    assert sparse.flat_run_caught_at is None
    assert judge([(x, 0.0) for x in sparse.grid], sparse, calibration).state is State.UNDECIDABLE
    single = load_envelope("procgen", "procgen_bigfish")
    assert single is not None
    verdict = judge([(x, 0.0) for x in single.grid], single, _calibration("procgen"))
    assert verdict.state is State.UNDECIDABLE
    assert "too few" in verdict.reason


def test_p_value_counts_healthy_curves() -> None:
    small = Calibration(0.1, 19, (3.0, 2.0, 2.0, 1.0), {}, None, 2.0, None)
    assert [p_value(d, small) for d in (3.1, 3.0, 2.0, 1.5, 0.5)] == [1 / 20, 2 / 20, 4 / 20, 4 / 20, 5 / 20]
    assert p_value(-math.inf, small) == p_value(0.0, small) == 1


def test_two_low_seeds_of_a_task_make_a_regression() -> None:
    low = _judge(_points(ENVELOPE.curves[0], 0.27)[:22])
    fine = _judge(_points(ENVELOPE.curves[0]))
    assert (low.state, fine.state) == (State.WATCH, State.OK)
    assert [v.state for v in escalate([low, fine])] == [State.WATCH, State.OK]
    assert [v.state for v in escalate([low, low])] == [State.REGRESSED] * 2
    assert [v.state for v in escalate([low, low, fine])] == [State.REGRESSED, State.REGRESSED, State.OK]
    half = [v.state for v in escalate([low, fine, low, fine])]  # exactly half of them is enough
    assert half == [State.REGRESSED, State.OK, State.REGRESSED, State.OK]
    assert [v.state for v in escalate([low, low, fine, fine, fine])].count(State.WATCH) == 2


def test_our_alarm_curves_are_the_stored_ones() -> None:
    for suite in ("dmc_proprio", "dmc_vision", "atari100k", "minecraft"):
        calibration = _calibration(suite)
        for task in envelope_tasks(suite):
            envelope = load_envelope(suite, task)
            assert envelope is not None
            baseline = SeedBand.of(envelope.curves, calibration.spread)
            ours = baseline.alarm(calibration.alarm_used)
            slack = 2e-3 * max(baseline.scale, abs(baseline.start), 1e-6)
            for mine, stored in zip(ours, envelope.alarm, strict=True):
                assert (mine is None) == (stored is None)
                if mine is not None and stored is not None:
                    assert mine == pytest.approx(stored, abs=max(slack, 2e-3 * abs(stored)))


curves = st.lists(st.floats(-50, 1000), min_size=49, max_size=49)


@given(curves)
@settings(max_examples=40)
def test_the_order_of_points_does_not_matter(scores: list[float]) -> None:
    points = [(x - shift, y) for x, y in zip(ENVELOPE.grid, scores, strict=True) for shift in (0.0, 4000.0)]
    mixed = list(points)
    random.Random(0).shuffle(mixed)
    assert _judge(points) == _judge(mixed)


@given(curves, st.floats(0, 500))
@settings(max_examples=40)
def test_a_lower_run_never_looks_better(scores: list[float], loss: float) -> None:
    points = list(zip(ENVELOPE.grid, scores, strict=True))
    before, after = _judge(points), _judge([(x, y - loss) for x, y in points])
    assert after.deficit >= before.deficit
    assert after.p <= before.p
    for worse, better in zip(after.looks, before.looks, strict=True):
        assert worse.deficit >= better.deficit
        assert worse.p <= better.p


@given(curves, st.integers(5, 49))
@settings(max_examples=40)
def test_looking_while_it_runs_gives_the_looks_of_the_end(scores: list[float], cells: int) -> None:
    points = list(zip(ENVELOPE.grid, scores, strict=True))
    whole = _judge(points)
    part = _judge(points[:cells], progress=ENVELOPE.grid[cells - 1] + 5000, finished=False)
    assert part.looks == whole.looks[:cells]
    assert part.p >= whole.p


@given(curves)
@settings(max_examples=40)
def test_being_too_low_is_being_below_the_threshold_curve(scores: list[float]) -> None:
    for look in _judge(list(zip(ENVELOPE.grid, scores, strict=True))).looks:
        for rate, threshold in ((0.05, look.watch), (0.02, look.stop)):
            if threshold is None or look.score is None:
                assert not look.below(rate)
            elif abs(look.score - threshold) > 0.01 * ENVELOPE.range:  # thresholds are stored with four digits
                assert look.below(rate) == (look.score < threshold)


def test_another_envelope_with_gaps() -> None:
    envelope: Envelope | None = load_envelope("atari100k", "atari100k_private_eye")
    assert envelope is not None
    verdict = judge([(x, 0.0) for x in envelope.grid[20:]], envelope, _calibration("atari100k"))
    assert verdict.looks[0].score is None
    assert verdict.state in (State.UNDECIDABLE, State.OK)
