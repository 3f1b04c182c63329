"""Sequential comparisons: the plan, its levels, the looks, and the claims about single tasks."""

from __future__ import annotations

from itertools import product

import pytest

from dreamerguard.regression.compare.decision import Outcome, TaskSeeds
from dreamerguard.regression.compare.sequential import SequentialResult, decide_sequentially
from dreamerguard.regression.compare.sequential_plan import (
    PlanError,
    PlannedTask,
    SeedPlan,
    labelings,
    make_plan,
    spend,
)
from dreamerguard.regression.compare.task_claims import step_down, worse_tasks


def _planned(tasks: int, baseline: int = 1, fixed: bool = False) -> list[PlannedTask]:
    return [PlannedTask("suite", f"t{i}", 50.0, baseline, 0.1, fixed) for i in range(tasks)]


def _plan(tasks: list[PlannedTask], most: int | None = None, looks: tuple[int, ...] | None = None) -> SeedPlan:
    return make_plan(tasks, 1, most, looks, margin=0.05, seed=0, reference=None)


def _curve(final: float) -> tuple[float, ...]:
    return tuple(final * min(1.0, (i + 1) / 20) for i in range(50))


def _result(plan: SeedPlan, base: list[list[float]], cand: list[list[float]]) -> SequentialResult:
    tasks = [
        TaskSeeds(task.task, task.suite, tuple(map(_curve, b)), tuple(map(_curve, c)), task.prior)
        for task, b, c in zip(plan.tasks, base, cand, strict=True)
    ]
    present = {task.key: (len(b), len(c)) for task, b, c in zip(plan.tasks, base, cand, strict=True)}
    return decide_sequentially(plan, tasks, present)


@pytest.mark.parametrize(("tasks", "baseline", "most"), list(product((1, 2, 6, 20), (1, 3, 5), (5, 8, 12))))
def test_the_levels_of_all_looks_spend_at_most_the_rate(tasks: int, baseline: int, most: int) -> None:
    planned = _planned(tasks, baseline)
    plan = _plan(planned, most)
    assert plan.looks[-1] == most
    assert sum(plan.worse) <= 0.025 + 1e-12
    assert sum(plan.inferior) <= 0.05 + 1e-12
    assert all(level > 0 for level in plan.worse)
    for seeds, level in zip(plan.looks, plan.worse, strict=True):
        assert level >= 1 / labelings(planned, seeds)  # the look can decide


def test_a_level_that_a_look_cannot_reach_goes_to_the_next_look() -> None:
    planned = _planned(1, 5)
    assert spend(planned, (1, 5), 0.025) == (0.0, pytest.approx(6 / 252))
    assert spend(planned, (4, 5), 0.025) == (pytest.approx(2 / 126), pytest.approx(2 / 252))


def test_published_baselines_do_not_grow() -> None:
    assert _planned(1, 5, fixed=True)[0].sizes(8) == (5, 8)
    assert _planned(1, 5)[0].sizes(8) == (8, 8)


def test_default_plans() -> None:
    assert _plan(_planned(1)).looks == (4, 5)
    assert _plan(_planned(3)).looks == (2, 3, 5)
    assert _plan(_planned(20)).looks == (1, 2, 5)
    assert make_plan(_planned(3), 4, None, None, margin=0.05, seed=0, reference=None).looks == (4, 5)


@pytest.mark.parametrize(
    ("tasks", "most", "looks", "message"),
    [
        (1, 3, None, "use --max-seeds 4"),
        (1, None, (3, 2), "write rising numbers"),
        (1, 5, (4, 6), "ends at 6 seeds, --max-seeds is 5"),
        (1, None, (1, 5), "a look at 1 seed cannot decide"),
    ],
)
def test_plans_that_cannot_decide_are_refused(
    tasks: int, most: int | None, looks: tuple[int, ...] | None, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        _plan(_planned(tasks), most, looks)


def test_a_worse_candidate_is_stopped_at_the_first_look() -> None:
    plan = _plan(_planned(3))
    base = [[100.0 + i, 101.0 + i] for i in range(3)]
    result = _result(plan, base, [[60.0 + i, 61.0 + i] for i in range(3)])
    assert (result.comparison.outcome, result.stop, len(result.looks)) == (Outcome.WORSE, True, 1)
    assert result.saved == 3 * 2 * 3
    assert result.comparison.reason.startswith("stop. The final score is lower with p = 0.0046 (6 candidate seeds")
    assert "18 planned seeds saved" in result.comparison.reason


def test_an_equal_candidate_is_stopped_as_non_inferior() -> None:
    plan = _plan(_planned(3))
    base = [[100.0 + i, 100.5 + i] for i in range(3)]
    result = _result(plan, base, [[100.2 + i, 100.4 + i] for i in range(3)])
    assert (result.comparison.outcome, result.stop) == (Outcome.NON_INFERIOR, True)


def test_an_unclear_candidate_needs_the_seeds_of_the_next_look() -> None:
    plan = _plan(_planned(2), 5)
    base, cand = [[100.0, 60.0, 80.0], [90.0, 50.0, 70.0]], [[99.0, 58.0, 79.0], [95.0, 49.0, 61.0]]
    result = _result(plan, base, cand)
    assert (result.comparison.outcome, result.stop, len(result.looks)) == (Outcome.INCONCLUSIVE, False, 1)
    assert [(item.task, item.candidate, item.baseline) for item in result.needed] == [("t0", 1, 1), ("t1", 1, 1)]
    assert "go on. Run 1 more candidate seed and 1 more baseline seed on every task" in result.comparison.reason


def test_missing_seeds_are_named_per_task() -> None:
    plan = _plan(_planned(2))
    result = decide_sequentially(plan, [], {("suite", "t0"): (3, 3), ("suite", "t1"): (3, 1)})
    assert not result.looks
    assert "Run 2 more candidate seeds on t1" in result.comparison.reason


def test_the_plan_ends_without_a_verdict() -> None:
    plan = _plan(_planned(1))
    seeds = [100.0, 60.0, 80.0, 90.0, 70.0]
    result = _result(plan, [seeds], [[score - 1 for score in seeds]])
    assert (result.comparison.outcome, result.stop, result.needed) == (Outcome.INCONCLUSIVE, True, ())
    assert "the plan ends here" in result.comparison.reason
    assert "would have been found in 80 % of comparisons" in result.comparison.reason


def test_seeds_beyond_a_look_do_not_change_it() -> None:
    plan = _plan(_planned(1))
    base, cand = [100.0, 101.0, 102.0, 103.0], [50.0, 51.0, 52.0, 53.0]
    early = _result(plan, [base], [cand])
    late = _result(plan, [[*base, 104.0]], [[*cand, 500.0]])
    assert late.looks == early.looks
    assert late.comparison.outcome is Outcome.WORSE


def test_non_inferior_waits_while_the_area_may_be_lower() -> None:
    plan = _plan(_planned(3))
    fast = [_curve(100.0 + i / 10) for i in range(5)]
    slow = [tuple((100.0 + i / 10) * min(1.0, (j + 1) / 22) for j in range(50)) for i in range(5)]
    tasks = [TaskSeeds(task.task, task.suite, tuple(fast[:2]), tuple(slow[:2]), task.prior) for task in plan.tasks]
    result = decide_sequentially(plan, tasks, {task.key: (2, 2) for task in plan.tasks})
    look = result.looks[0]
    assert look.p_margin is not None
    assert look.p_margin <= look.inferior
    assert look.outcome is not Outcome.NON_INFERIOR


def test_step_down_uses_what_a_p_value_can_reach() -> None:
    assert step_down([1 / 252, 0.5], [252, 252], 0.008) == [0]  # 1 - (251/252)^2 is 0.0079
    assert step_down([1 / 252, 0.5], [252, 252], 0.0079) == []
    assert step_down([1 / 252, 2 / 20], [252, 10], 0.005) == [0]  # the other task cannot have so low a p-value
    assert step_down([0.001, 0.002, 0.9], [10_000] * 3, 0.01) == [0, 1]


def test_worse_tasks_are_named() -> None:
    base, low = tuple(_curve(100.0 + i) for i in range(6)), tuple(_curve(50.0 + i) for i in range(6))
    tasks = [TaskSeeds("a", "suite", base, low, 0.1), TaskSeeds("b", "suite", base, base, 0.1)]
    assert worse_tasks(tasks, 0.025, 0) == ("a",)
