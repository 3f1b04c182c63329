"""Compares candidates with baselines after each batch of seeds and says whether more seeds are needed.

Error rates, for any number of looks: a false WORSE, over all tasks or about one of them, in at most 5 % of comparisons
(2.5 % for each of the two figures), and a false NON-INFERIOR in at most 5 %. See `sequential_plan` for the reason.
Every planned look is made, in order and with its own seeds, also if more seeds are there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dreamerguard.util.text import number_of

from .decision import Comparison, Outcome, TaskSeeds, decide, learned_ranges, sizes_text
from .sequential_plan import PlannedTask, SeedPlan
from .task_claims import worse_tasks

#: P-value of a lower area under the curve up to which NON-INFERIOR waits for the next look: WORSE may come.
DOUBT = 0.1


@dataclass(frozen=True, slots=True)
class LookResult:
    """What one look showed.

    Attributes:
      seeds: candidate seeds per task.
      outcome: the verdict at the levels of this look.
      p_final, p_area, p_margin: see `Comparison`.
      worse, inferior: the levels of this look.
    """

    seeds: int
    outcome: Outcome
    p_final: float
    p_area: float
    p_margin: float | None
    worse: float
    inferior: float


@dataclass(frozen=True, slots=True)
class NeededSeeds:
    """The seeds of one task that the next look needs.

    Attributes:
      suite, task: the task.
      candidate, baseline: further complete runs of each side.
    """

    suite: str
    task: str
    candidate: int
    baseline: int


@dataclass(frozen=True, slots=True)
class SequentialResult:
    """The state of a sequential comparison.

    Attributes:
      plan: the design.
      looks: the looks so far; the last one decided if ``stop``.
      comparison: the comparison of the last look, with the sentence of this state; of no seeds before the first look.
      stop: whether no more seeds are needed: a verdict, or the end of the plan.
      needed: seeds until the next look, per task that lacks some; empty if ``stop``.
      worse_tasks: tasks that are worse by their own seeds, with family-wise control; only after WORSE.
      saved: seeds that the plan no longer needs, over both sides and all tasks.
    """

    plan: SeedPlan
    looks: tuple[LookResult, ...]
    comparison: Comparison
    stop: bool
    needed: tuple[NeededSeeds, ...]
    worse_tasks: tuple[str, ...]
    saved: int


def decide_sequentially(
    plan: SeedPlan, tasks: Sequence[TaskSeeds], present: Mapping[tuple[str, str], tuple[int, int]]
) -> SequentialResult:
    """Makes all planned looks for which there are enough seeds, up to the first verdict.

    Args:
      plan: the design.
      tasks: the planned tasks in the plan's order, with all complete seeds in the order in which they count; may be
        empty before the first look.
      present: suite and task -> number of complete baseline and candidate seeds.
    """
    looks: list[LookResult] = []
    comparison: Comparison | None = None
    chosen: list[TaskSeeds] = []
    shown = False
    for index, seeds in enumerate(plan.looks):
        if not all(_has(present.get(task.key, (0, 0)), task, seeds) for task in plan.tasks):
            break
        chosen = [_first(material, *task.sizes(seeds)) for material, task in zip(tasks, plan.tasks, strict=True)]
        comparison, shown = _look(plan, index, chosen, _learned(plan, tasks), shown)
        p, rates = (comparison.p_final, comparison.p_area, comparison.p_margin), plan.rates(index)
        looks.append(LookResult(seeds, comparison.outcome, *p, rates.worse, rates.inferior))
        if comparison.outcome is not Outcome.INCONCLUSIVE:
            break
    done = bool(looks) and looks[-1].outcome is not Outcome.INCONCLUSIVE
    stop = done or len(looks) == len(plan.looks)
    worse = done and looks[-1].outcome is Outcome.WORSE
    claims = worse_tasks(chosen, looks[-1].worse, plan.seed) if worse else ()
    needed = () if stop else _needed(plan, plan.looks[len(looks)], present)
    saved = _saved(plan, looks[-1].seeds) if done else 0
    result = SequentialResult(plan, tuple(looks), comparison or _nothing(plan), stop, needed, claims, saved)
    return replace(result, comparison=replace(result.comparison, reason=_reason(result)))


def _look(
    plan: SeedPlan, index: int, chosen: Sequence[TaskSeeds], learned: Sequence[float], shown: bool
) -> tuple[Comparison, bool]:
    """Returns the comparison at a look, and whether NON-INFERIOR has been shown at this or an earlier look."""
    found = decide(chosen, plan.margin, seed=plan.seed, rates=plan.rates(index), learned=learned)
    shown = shown or (found.p_margin is not None and found.p_margin <= plan.inferior[index])
    if found.outcome is Outcome.WORSE or not shown:
        return found, shown
    if index + 1 < len(plan.looks) and found.p_area <= DOUBT:
        reason = (
            f"a loss of {plan.margin:.0%} of the learned range is ruled out, but the area under the curve may be lower"
            f" (p = {found.p_area:.2g}), which the next look decides ({sizes_text(chosen)})"
        )
        return replace(found, outcome=Outcome.INCONCLUSIVE, reason=reason), shown
    if found.outcome is Outcome.INCONCLUSIVE:
        reason = f"a loss of {plan.margin:.0%} of the learned range was ruled out at an earlier look"
        found = replace(found, outcome=Outcome.NON_INFERIOR, reason=f"{reason} ({sizes_text(chosen)})")
    return found, shown


def _learned(plan: SeedPlan, tasks: Sequence[TaskSeeds]) -> list[float]:
    """Returns the learned range of each task's baseline at the first look, which fixes the margin in points."""
    first = plan.looks[0]
    return learned_ranges([_first(m, *task.sizes(first)) for m, task in zip(tasks, plan.tasks, strict=True)])


def _has(present: tuple[int, int], task: PlannedTask, seeds: int) -> bool:
    baseline, candidate = task.sizes(seeds)
    return present[0] >= baseline and present[1] >= candidate


def _first(task: TaskSeeds, baseline: int, candidate: int) -> TaskSeeds:
    """Returns the task with only the first seeds of each side."""
    return replace(task, baseline=task.baseline[:baseline], candidate=task.candidate[:candidate])


def _needed(plan: SeedPlan, seeds: int, present: Mapping[tuple[str, str], tuple[int, int]]) -> tuple[NeededSeeds, ...]:
    found = []
    for task in plan.tasks:
        (base, cand), (n, k) = task.sizes(seeds), present.get(task.key, (0, 0))
        if base > n or cand > k:
            found.append(NeededSeeds(task.suite, task.task, max(cand - k, 0), max(base - n, 0)))
    return tuple(found)


def _saved(plan: SeedPlan, seeds: int) -> int:
    pairs = ((sum(task.sizes(plan.looks[-1])), sum(task.sizes(seeds))) for task in plan.tasks)
    return sum(end - now for end, now in pairs)


def _nothing(plan: SeedPlan) -> Comparison:
    return Comparison(
        Outcome.INCONCLUSIVE, "", (), 1.0, 1.0, None, plan.margin, None, None, None, 0.5, True, None, None,
        plan.rates(0),
    )  # fmt: skip


def _reason(result: SequentialResult) -> str:
    plan, looks, reason = result.plan, result.looks, result.comparison.reason
    where = f"look {len(looks)} of {len(plan.looks)}"
    if not result.stop:
        seen = f"So far, at {where}: {reason}" if looks else f"The first of {len(plan.looks)} looks is to come"
        return f"go on. {needed_text(result)}, then type the same command again with them. {seen}"
    if looks[-1].outcome is Outcome.INCONCLUSIVE:
        return (
            f"stop, the plan ends here ({where}). {reason[:1].upper()}{reason[1:]}. A loss of {plan.detects:.0%} of the"
            " learned range on every task would have been found in 80 % of comparisons (normal approximation)"
        )
    saved = f"{number_of(result.saved, 'planned seed')} saved" if result.saved else "all planned seeds are used"
    level = looks[-1].worse if looks[-1].outcome is Outcome.WORSE else looks[-1].inferior
    return f"stop. {reason[:1].upper()}{reason[1:]}, at level {level:.2g} of {where}; {saved}"


def needed_text(result: SequentialResult) -> str:
    """Returns the seeds that the next look needs as a sentence."""
    kinds: dict[tuple[int, int], list[str]] = {}
    for item in result.needed:
        kinds.setdefault((item.candidate, item.baseline), []).append(item.task)
    parts = []
    for (candidate, baseline), names in kinds.items():
        sides = [(candidate, "candidate"), (baseline, "baseline")]
        seeds = " and ".join(number_of(count, f"more {name} seed") for count, name in sides if count)
        everywhere = len(kinds) == 1 and len(names) == len(result.plan.tasks)
        per = "" if len(result.plan.tasks) == 1 else " on every task" if everywhere else f" on {', '.join(names)}"
        parts.append(f"{seeds}{per}")
    return f"Run {'; '.join(parts)}"
