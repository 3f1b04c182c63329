"""A tiny agent trains in an environment of each suite, is interrupted and resumed, and is evaluated."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.environments import CASES, STEPS, Case, play

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.task)
def test_trains_from_end_to_end(case: Case, tmp_path: Path) -> None:
    played = play(case, tmp_path)
    assert played.faults == []
    assert STEPS // 3 <= played.interrupted < STEPS
