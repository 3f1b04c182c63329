"""Drawn environments that do everything wrong end in one clear `EnvError`; sound ones run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.hostile_envs import CALLS, LEAF, SPACES, check, draw


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_a_drawn_environment_runs_or_ends_in_one_message(seed: int) -> None:
    fault, problem = check(seed)
    assert not problem, f"{fault}: {problem}"


@pytest.mark.parametrize("fault", [*LEAF, *CALLS, *SPACES])
def test_every_fault_ends_in_one_message_that_names_the_environment(fault: str) -> None:
    seed = next(seed for seed in range(100_000) if draw(seed).fault == fault)
    assert check(seed) == (fault, "")


@pytest.mark.slow
def test_two_thousand_hostile_environments() -> None:
    wrong = {seed: problem for seed in range(2000) if (problem := check(seed)[1])}
    assert wrong == {}
