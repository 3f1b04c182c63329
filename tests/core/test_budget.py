"""The arithmetic of updates, against measured counts and by its own laws."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dreamerguard.core.budget import Budget, causes, replay_bytes, update_share, warmup

sizes = st.integers(1, 64)
lengths = st.integers(2, 128)


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    size, length = draw(sizes), draw(lengths)
    return Budget(
        frames=draw(st.integers(1_000_000, 10**8)),
        action_repeat=draw(st.integers(1, 8)),
        train_ratio=draw(st.floats(1, 4096)),
        batch_size=size,
        batch_length=length,
        warmup_steps=warmup(size, length, draw(st.integers(1, 64))),
    )


def test_crafter_run_of_the_public_code() -> None:
    """54 457 updates: 110 000 steps at ratio 512 in danijar/dreamerv3's own scheduler, 1 environment."""
    run = Budget(110_000, 1, 512, 16, 64, warmup(16, 64, 1))
    assert run.updates == pytest.approx(54_457, rel=1e-3)


def test_walker_at_ratio_32() -> None:
    full = Budget(500_000, 2, 512, 16, 64, warmup(16, 64, 16))
    low = Budget(500_000, 2, 32, 16, 64, warmup(16, 64, 16))
    assert full.updates == pytest.approx(123_977)
    assert low.updates == pytest.approx(7_749.5)
    assert update_share(low, full, "full") == pytest.approx(1 / 16, rel=1e-3)


def test_a_run_shorter_than_its_warm_up_makes_no_update() -> None:
    assert Budget(4_000, 2, 512, 16, 64, warmup(16, 64, 16)).updates == 0


@given(budgets())
def test_frames_after_inverts_updates(run: Budget) -> None:
    assume(run.trains)
    assert run.frames_after(run.updates) == pytest.approx(run.frames)


@given(budgets())
def test_half_the_ratio_over_twice_the_frames_keeps_the_budget(run: Budget) -> None:
    assume(run.agent_steps > 100 * run.warmup_steps)
    other = Budget(
        2 * run.frames, run.action_repeat, run.train_ratio / 2, run.batch_size, run.batch_length, run.warmup_steps
    )
    assert update_share(other, run, "full") == pytest.approx(1, abs=0.02)
    assert update_share(other, run, "short") == pytest.approx(0.5)


@given(budgets(), budgets())
def test_causes_multiply_to_the_share_per_frame(run: Budget, reference: Budget) -> None:
    assume(run.trains)
    product = 1.0
    factors = causes(run, reference, "short")
    for factor in factors.values():
        product *= factor
    assert product == pytest.approx(update_share(run, reference, "short"))
    assert list(factors.values()) == sorted(factors.values())


@given(budgets(), st.floats(1, 10))
def test_more_ratio_is_more_updates(run: Budget, factor: float) -> None:
    assume(run.trains)
    more = Budget(
        run.frames, run.action_repeat, run.train_ratio * factor, run.batch_size, run.batch_length, run.warmup_steps
    )
    assert more.updates >= run.updates


def test_replay_stops_at_its_capacity() -> None:
    assert replay_bytes(1000, 5000, 10) == 10_000
    assert replay_bytes(5000, 1000, 10) == 10_000
