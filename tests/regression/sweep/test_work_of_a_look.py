"""How much one look over many runs computes: each run is reduced once, and nothing without a look that is due."""

from __future__ import annotations

import pytest

from dreamerguard.regression.statistics import binned_curve
from dreamerguard.regression.sweep import board
from dreamerguard.regression.sweep.hopeless import find_hopeless
from dreamerguard.regression.sweep.runs import SweepRun
from dreamerguard.regression.sweep.winners import compare_combinations


def many(combinations: int, share: float) -> list[SweepRun]:
    """Returns runs of two tasks with ten seeds, whose scores rise."""
    frames = [1000.0 * (i + 1) for i in range(round(100 * share))]
    return [
        SweepRun(f"{c}-{t}-{s}", {"c": str(c)}, f"t{t}", s, frames, [x + 50 * ((7 * c + s) % 11) for x in frames], 1e5)
        for c in range(combinations)
        for t in range(2)
        for s in range(10)
    ]


@pytest.fixture
def reduced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the runs whose episodes are averaged."""
    calls: list[int] = []

    def counted(frames: list[float], *rest: object) -> list[float | None]:
        calls.append(len(frames))
        return binned_curve.to_cells(frames, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(board, "to_cells", counted)
    return calls


def test_a_look_reduces_each_run_once_and_a_call_without_a_look_none(reduced: list[int]) -> None:
    first = find_hopeless(many(20, 0.31), {}, {})
    assert len(reduced) == 400 and len(first.looks) == 20
    reduced.clear()
    second = find_hopeless(many(20, 0.33), {}, first.state)
    assert reduced == [] and second.looks == () and second.state == first.state
    assert len(find_hopeless(many(20, 0.36), {}, second.state).looks) == 20


def test_the_comparison_of_all_pairs_reduces_each_run_once(reduced: list[int]) -> None:
    found = compare_combinations(many(20, 1.0))
    assert len(reduced) == 400 and found.pairs == 380
