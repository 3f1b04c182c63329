"""Which combinations of a sweep are stopped, and which are not: on published curves, some of them slower."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dreamerguard.regression.sweep.decision import StopDecision, stopped_combinations
from dreamerguard.regression.sweep.hopeless import LOOKS, find_hopeless, looks_made
from dreamerguard.regression.sweep.ledger import Rule
from dreamerguard.regression.sweep.references import TaskReference, task_references
from dreamerguard.regression.sweep.runs import SweepRun

from .sweeps import TASKS, ended, published_run, sweep

SEEDS = {"512": [0, 1], "256": [2, 3], "64": [4]}
SHARES = [i / 20 for i in range(1, 21)]
REFERENCES, _ = task_references(TASKS)


def followed(
    slower: dict[str, float], *, against: Sequence[Rule] = ("reference", "best"), shares: Sequence[float] = SHARES
) -> tuple[dict[str, float], StopDecision]:
    """Follows a sweep, with the state stored as JSON; returns run -> share at which it was stopped, and the end."""
    state: dict[str, Any] = {}
    stops: dict[str, float] = {}
    for share in shares:
        runs = ended([stopped_at(run, stops) for run in sweep(share, slower, SEEDS)], list(stops))
        decision = find_hopeless(runs, REFERENCES, state, against=against)
        state = json.loads(json.dumps(decision.state))
        stops |= {stop.name: share for stop in decision.stops}
    return stops, decision


def stopped_at(run: SweepRun, stops: dict[str, float]) -> SweepRun:
    last = stops.get(run.name, 1.0) * run.budget * (1 + 1e-9)
    count = sum(x <= last for x in run.frames)
    return replace(run, frames=run.frames[:count], scores=run.scores[:count])


@pytest.mark.parametrize("against", [("reference",), ("best",), ("reference", "best")])
def test_a_combination_that_is_much_slower_is_stopped_early(against: tuple[Rule, ...]) -> None:
    stops, decision = followed({"512": 1.0, "256": 1.0, "64": 8.0}, against=against)
    assert {name.split("-")[1] for name in stops} == {"64"}
    assert len(stops) >= len(TASKS) - 1
    assert max(stops.values()) < 0.8
    assert stopped_combinations(decision.state) == ("run.train_ratio=64",)


def test_no_healthy_combination_is_stopped() -> None:
    assert followed({"512": 1.0, "256": 1.0, "64": 1.0})[0] == {}


def test_a_combination_that_is_a_little_slower_is_not_hopeless() -> None:
    assert followed({"512": 1.0, "256": 1.1, "64": 1.1})[0] == {}


def test_the_number_of_calls_does_not_matter_for_the_budget() -> None:
    slower = {"512": 1.0, "256": 1.0, "64": 8.0}
    often, end = followed(slower)
    seldom, _ = followed(slower, shares=[0.3, 0.6, 1.0])
    assert {name.split("-")[1] for name in seldom} == {"64"}
    assert set(often) >= set(seldom) or set(seldom) >= set(often)
    assert max(record["looks"] for record in end.state["combinations"].values()) == len(LOOKS)


def test_a_second_call_at_the_same_frames_changes_nothing() -> None:
    runs = sweep(0.5, {"512": 1.0, "256": 1.0, "64": 8.0}, SEEDS)
    first = find_hopeless(runs, REFERENCES, {})
    again = find_hopeless(runs, REFERENCES, first.state)
    assert first.stops and again.stops == first.stops
    assert first.looks and again.looks == () and again.state == first.state


def test_stops_are_repeated_until_the_runs_have_ended() -> None:
    runs = sweep(0.5, {"512": 1.0, "256": 1.0, "64": 8.0}, SEEDS)
    first = find_hopeless(runs, REFERENCES, {})
    names = [stop.name for stop in first.stops]
    again = find_hopeless(ended(runs, names[:2]), REFERENCES, first.state)
    assert {stop.name for stop in again.stops} == set(names[2:])


def test_runs_that_wait_are_stopped_with_their_combination() -> None:
    runs = sweep(0.6, {"512": 1.0, "256": 1.0, "64": 8.0}, SEEDS | {"64": [4, 3]})
    waiting = [
        replace(run, frames=(), scores=()) if run.label.endswith("=64") and run.seed == 3 else run for run in runs
    ]
    stops = {stop.name for stop in find_hopeless(waiting, REFERENCES, {}).stops}
    assert any(name.endswith("-64-s3") for name in stops)
    assert all("-64-" in name for name in stops)


def test_a_hopeless_combination_goes_on_where_it_is_not_behind() -> None:
    good = "dmc_walker_walk"
    runs = [run for run in sweep(0.5, {"512": 1.0, "256": 1.0, "64": 8.0}, SEEDS) if run.task != good]
    runs += [
        published_run(good, seed, 0.5, 1.0, {"run.train_ratio": name})
        for name, seeds in SEEDS.items()
        for seed in seeds
    ]
    names = {stop.name for stop in find_hopeless(runs, REFERENCES, {}).stops}
    assert names and not any(name.startswith(good) for name in names)


def test_without_reference_and_with_one_combination_nothing_is_decided() -> None:
    runs = sweep(1.0, {"512": 8.0}, {"512": [0, 1]})
    assert find_hopeless(runs, {}, {}) == StopDecision((), {}, ())
    assert find_hopeless(runs, REFERENCES, {}).stops


def test_one_task_and_few_seeds_cannot_be_decided() -> None:
    runs = sweep(1.0, {"512": 1.0, "64": 8.0}, {"512": [0, 1], "64": [2, 3]}, TASKS[:1])
    assert find_hopeless(runs, {}, {}).stops == ()


def test_scores_that_are_no_numbers_and_runs_without_scores_are_left_out() -> None:
    runs = sweep(0.5, {"512": 1.0, "256": 1.0, "64": 8.0}, SEEDS)
    broken = replace(runs[0], scores=(float("nan"), *runs[0].scores[1:]))
    empty = replace(runs[1], frames=(), scores=(), ended=True)
    decision = find_hopeless([broken, empty, *runs[2:]], REFERENCES, {})
    assert {stop.name for stop in decision.stops} == {stop.name for stop in find_hopeless(runs, REFERENCES, {}).stops}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": 0.1}, "keep them until the sweep ends"),
        ({"format": 9}, "keep them until the sweep ends"),
        ({"combinations": {}}, "did not have at its first look"),
        ({"combinations": {"run.train_ratio=512": {"looks": "x"}}}, "cannot be read"),
        ({"combinations": [1]}, "cannot be read"),
    ],
)
def test_a_state_of_another_sweep_is_refused(change: dict[str, Any], words: str) -> None:
    runs = sweep(0.3, {"512": 1.0, "256": 1.0, "64": 8.0}, SEEDS)
    state = find_hopeless(runs, REFERENCES, {}).state
    with pytest.raises(ValueError, match=words):
        find_hopeless(runs, REFERENCES, state | change)


def test_a_sweep_may_lose_runs_but_no_combination_may_come() -> None:
    runs = sweep(0.3, {"512": 1.0, "256": 1.0, "64": 8.0}, SEEDS)
    state = find_hopeless(runs, REFERENCES, {}).state
    assert find_hopeless(runs[:-1], REFERENCES, state).looks is not None
    new = published_run(TASKS[0], 0, 0.3, 1.0, {"run.train_ratio": "16"})
    with pytest.raises(ValueError, match="run new ones as a new sweep"):
        find_hopeless([*runs, new], REFERENCES, state)


def test_looks_depend_on_the_work_that_is_planned() -> None:
    runs = sweep(0.5, {"512": 1.0}, {"512": [0, 1]})
    assert looks_made(runs) == sum(look <= 24 / 49 for look in LOOKS)
    half = [*runs[: len(runs) // 2], *(replace(run, frames=(), scores=()) for run in runs[len(runs) // 2 :])]
    assert looks_made(half) == sum(look <= 12 / 49 for look in LOOKS)
    assert looks_made([]) == 0


def test_runs_with_another_length_are_compared_at_the_same_frames() -> None:
    runs = sweep(1.0, {"512": 1.0, "256": 1.0, "64": 1.0}, SEEDS)
    longer = [replace(run, budget=4 * run.budget) if run.label.endswith("=64") else run for run in runs]
    assert find_hopeless(longer, REFERENCES, {}).stops == ()


def noise(rng: random.Random, combinations: int, tasks: int, seeds: int, worse: float = 0.0) -> list[SweepRun]:
    """Returns finished runs whose scores are noise around a level of the seed; one combination may be worse."""
    frames = tuple(float(i + 1) for i in range(50))
    found = []
    for combination in range(combinations):
        for task in range(tasks):
            for seed in range(seeds):
                level = rng.gauss(-worse if not combination else 0.0, 1)
                scores = tuple(level * (i + 1) / 50 + rng.gauss(0, 0.2) for i in range(50))
                names = {"c": str(combination)}
                found.append(SweepRun(f"{combination}-{task}-{seed}", names, f"t{task}", seed, frames, scores, 50.0))
    return found


def test_equal_combinations_are_rarely_stopped_over_all_looks() -> None:
    rng, wrong, right = random.Random(3), 0, 0
    for _ in range(30):
        for worse in (0.0, 6.0):
            runs, state, stops = noise(rng, 4, 3, 3, worse), {}, set()
            for cells in range(3, 51, 6):
                seen = [replace(run, frames=run.frames[:cells], scores=run.scores[:cells]) for run in runs]
                decision = find_hopeless(seen, {}, state)
                state, stops = decision.state, stops | {stop.name.split("-")[0] for stop in decision.stops}
            wrong += bool(stops) if not worse else bool(stops - {"0"})
            right += "0" in stops if worse else 0
    assert wrong <= 4  # 5 % of 60 are expected at most
    assert right >= 20


def test_a_reference_decides_by_the_alarms_of_single_runs_too() -> None:
    # One seed of each combination and task: ranks among five seeds show little, alarms show it.
    seeds = {"512": [0], "64": [1]}
    others: dict[str, TaskReference] = REFERENCES
    runs = sweep(0.7, {"512": 1.0, "64": 8.0}, seeds)
    stops = {stop.name for stop in find_hopeless(runs, others, {}, against=("reference",)).stops}
    assert stops and all("-64-" in name for name in stops)
