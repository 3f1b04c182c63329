"""Successive halving: which combinations go on at each rung."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dreamerguard.regression.sweep.decision import stopped_combinations
from dreamerguard.regression.sweep.halving import halve
from dreamerguard.regression.sweep.runs import SweepRun

from .sweeps import sweep

SEEDS = {"512": [0], "256": [1], "64": [2], "32": [3]}
SLOWER = {"512": 1.0, "256": 1.0, "64": 6.0, "32": 16.0}


def stopped(runs: list[SweepRun], state: dict[str, Any] | None = None, **options: Any) -> set[str]:
    return {stop.name.split("-")[1] for stop in halve(runs, state or {}, **options).stops}


def test_the_lower_half_is_stopped_at_each_rung() -> None:
    first = halve(sweep(0.27, SLOWER, SEEDS), {}, rungs=(0.25, 0.5))
    assert {stop.name.split("-")[1] for stop in first.stops} == {"64", "32"}
    assert all(stop.rule == "halving" and stop.level == 1 for stop in first.stops)
    state = json.loads(json.dumps(first.state))
    assert stopped_combinations(state) == ("run.train_ratio=64", "run.train_ratio=32")
    second = halve(sweep(0.52, SLOWER, SEEDS), state, rungs=(0.25, 0.5))
    assert len({stop.name.split("-")[1] for stop in second.stops}) == 3
    assert halve(sweep(0.55, SLOWER, SEEDS), second.state, rungs=(0.25, 0.5)).looks == ()


def test_a_rung_waits_for_every_run() -> None:
    runs = sweep(0.3, SLOWER, SEEDS)
    late = [replace(runs[0], frames=runs[0].frames[:2], scores=runs[0].scores[:2]), *runs[1:]]
    assert halve(late, {}, rungs=(0.25,)).stops == ()
    assert halve([replace(late[0], ended=True), *runs[1:]], {}, rungs=(0.25,)).stops  # it comes no further


def test_skipped_rungs_are_made_up_for_and_the_last_combination_stays() -> None:
    assert len(stopped(sweep(1.0, SLOWER, SEEDS))) == 3
    assert stopped(sweep(1.0, {"512": 1.0}, {"512": [0]})) == set()


def test_a_combination_without_scores_is_the_lowest() -> None:
    runs = [
        replace(run, frames=(), scores=(), ended=True) if "-512-" in run.name else run
        for run in sweep(0.3, SLOWER, SEEDS)
    ]
    state = halve(runs, {}, rungs=(0.25,), keep=0.75).state
    assert stopped_combinations(state) == ("run.train_ratio=512",)


@pytest.mark.parametrize("options", [{"keep": 0.0}, {"keep": 1.0}, {"rungs": (0.5, 0.25)}, {"rungs": (0.5, 1.0)}])
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        halve(sweep(0.3, SLOWER, SEEDS), {}, **options)
    with pytest.raises(ValueError, match="format 7"):
        halve([], {"format": 7})
