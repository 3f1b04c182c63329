"""The comparison of all combinations: who wins, who may be the best, and how often a claim is wrong."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from dreamerguard.regression.sweep.comparison import SweepComparison
from dreamerguard.regression.sweep.hopeless import find_hopeless
from dreamerguard.regression.sweep.references import task_references
from dreamerguard.regression.sweep.runs import SweepRun
from dreamerguard.regression.sweep.winners import compare_combinations

from .sweeps import TASKS, sweep
from .test_hopeless import noise

SEEDS = {"512": [0, 1], "256": [2, 3], "64": [4]}


def statuses(found: SweepComparison) -> dict[str, str]:
    return {item.label.partition("=")[2]: item.status for item in found.combinations}


def test_the_worse_one_is_named_and_the_equal_ones_are_not_separated() -> None:
    runs = sweep(1.0, {"512": 1.0, "256": 1.0, "64": 16.0}, SEEDS)
    found = compare_combinations(runs)
    assert statuses(found) == {"512": "may be the best", "256": "may be the best", "64": "worse"}
    worst = next(item for item in found.combinations if item.label.endswith("=64"))
    assert worst.p is not None and worst.p <= 0.05 and worst.change is not None and worst.change < -0.5
    assert found.leader == found.combinations[0].label
    assert "may be as good" in found.headline
    assert any("worse" in line for line in found.text) and found.notes == ()


def test_a_winner_needs_all_others_to_be_worse() -> None:
    runs = sweep(1.0, {"512": 1.0, "256": 16.0, "64": 16.0}, SEEDS)
    found = compare_combinations(runs, task_references(TASKS)[0])
    assert statuses(found) == {"512": "winner", "256": "worse", "64": "worse"}
    assert found.headline.startswith("run.train_ratio=512 wins against 2 other combinations")


def test_stopped_combinations_are_not_compared() -> None:
    runs = sweep(1.0, {"512": 1.0, "256": 1.0, "64": 16.0}, SEEDS)
    early = [replace(run, frames=run.frames[:9], scores=run.scores[:9]) if "-64-" in run.name else run for run in runs]
    found = compare_combinations(early, stopped=["run.train_ratio=64"])
    assert statuses(found)["64"] == "stopped"
    last = found.combinations[-1]
    assert last.p is None and {task.share < 0.3 for task in last.tasks} == {True}


@pytest.mark.parametrize(("frames", "score"), [([3000.0], 100), ([3900.0], 100), ([1000.0, 2000.0, 3000.0], 225)])
def test_the_last_episode_counts_once_its_run_has_ended(frames: list[float], score: float) -> None:
    """It seldom ends where a cell does; a run that goes on may still add episodes to that cell."""
    scores = [100.0 * (number + 1) for number in range(len(frames))]
    runs = [SweepRun(f"{a}{b}", {"lr": a}, "own", b, frames, scores, 4000.0, ended=True) for a in "xy" for b in (0, 1)]
    found = compare_combinations(runs)
    assert {item.status for item in found.combinations} == {"may be the best"}
    assert all(item.tasks[0].score == score for item in found.combinations), "the mean of the last tenth"
    assert all(frames[-1] <= item.tasks[0].share * 4000 < frames[-1] + 80 for item in found.combinations)
    running = compare_combinations([replace(run, ended=False) for run in runs])
    last = [item.tasks[0].score if item.tasks else None for item in running.combinations]
    assert score not in last


def test_unfinished_runs_are_compared_at_the_same_frames_and_a_note_says_so() -> None:
    full = sweep(1.0, {"512": 1.0, "256": 1.0}, SEEDS)
    # A run at a third of its budget would look worse than finished ones if the frames differed.
    early = [
        replace(run, frames=run.frames[:16], scores=run.scores[:16]) if "-256-" in run.name else run for run in full
    ]
    found = compare_combinations(early)
    assert set(statuses(found).values()) == {"may be the best"}
    assert "before the end of the budget" in found.notes[0]


def test_without_scores_nothing_is_said() -> None:
    runs = [replace(run, frames=(), scores=()) for run in sweep(1.0, {"512": 1.0, "256": 1.0}, SEEDS)]
    found = compare_combinations(runs)
    assert set(statuses(found).values()) == {"no scores"}
    assert found.headline == "No combination has scores yet" and found.leader is None
    assert compare_combinations([]).combinations == ()
    alone = compare_combinations(sweep(1.0, {"512": 1.0}, SEEDS))
    assert alone.headline == "run.train_ratio=512 is the only combination that can be compared"


def test_claims_about_single_tasks_need_seeds() -> None:
    seeds = {"512": [0, 1, 2, 3, 4], "64": [0, 1, 2, 3, 4]}
    few = compare_combinations(sweep(1.0, {"512": 1.0, "64": 16.0}, seeds, TASKS[:2]))
    assert [task.worse for task in few.combinations[1].tasks] == [True, True]
    assert not any(task.worse for task in few.combinations[0].tasks)
    none = compare_combinations(sweep(1.0, {"512": 1.0, "64": 16.0}, {name: [0, 1] for name in seeds}))
    assert statuses(none)["64"] == "worse" and not any(task.worse for task in none.combinations[1].tasks)


def test_equal_combinations_are_rarely_separated() -> None:
    rng, wrong, right = random.Random(5), 0, 0
    for _ in range(50):
        wrong += any(item.status == "worse" for item in compare_combinations(noise(rng, 4, 3, 3)).combinations)
        right += compare_combinations(noise(rng, 4, 3, 3, worse=6)).combinations[-1].status == "worse"
    assert wrong <= 6  # 2.5 of 50 are expected at most
    assert right >= 47


@pytest.mark.parametrize("last", [2000.0, 2004.0])
def test_runs_that_are_much_shorter_than_the_reference_are_compared_in_cells_of_their_own(last: float) -> None:
    # Two episodes that both end at the last frame, or just after it; a cell of the reference has 10,000 frames.
    runs = [
        SweepRun(f"{task}-{name}-{seed}", {"c": name}, task, seed, (last, last), (level + seed, level), 2000.0)
        for task in TASKS
        for name, level in (("a", 100.0), ("b", 10.0))
        for seed in range(2)
    ]
    found = compare_combinations(runs, task_references(TASKS)[0])
    assert {item.label: item.status for item in found.combinations} == {"c=a": "winner", "c=b": "worse"}
    assert found.notes == ()
    assert all(stop.rule == "best" for stop in find_hopeless(runs, task_references(TASKS)[0], {}).stops)


def test_episodes_far_behind_the_budget_do_not_count() -> None:
    run = SweepRun("a", {}, "t", 0, (10.0, 104.0, 300.0), (1.0, 2.0, 99.0), 100.0)
    assert run.up_to(100.0) == ([10.0, 100.0, 300.0], (1.0, 2.0, 99.0))
    assert run.up_to(500.0)[0] == (10.0, 104.0, 300.0)
