"""The plan of `compare --sequential`: when to look, and how much of the error each look may spend.

At look j the fixed permutation test gives the p-value p_j, from the seeds that the plan has assigned to this look. If
old and new seeds do not differ, P(p_j <= a) <= a for every a, so the sum of the levels a_1 ... a_J bounds the
probability of a false verdict at any look. The levels follow a spending function that is linear in the number of seeds
(Lan and DeMets, Biometrika 70, 1983). A permutation test with N labelings has p-values of multiples of 1/N; what a look
cannot spend, the next look may.

AdaStop (https://arxiv.org/abs/2306.10882) permutes within each batch, with joint boundaries over the looks, and needs
batches on both sides. Here a baseline may be complete from the start, so all seeds of a look are permuted, and the
bound is the sum. ``python -m benchmarks.sequential`` measures both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dreamerguard.util.text import number_of

from .decision import INFERIOR_RATE, WORSE_RATE, Rates
from .seeds_needed import detected_loss

#: Largest number of looks that a plan has by default, and largest number of seeds per side.
MOST_LOOKS, MOST_SEEDS = 3, 5

#: Seeds up to which a plan that can decide is searched.
_FAR = 100

#: Number of labelings from which every level can be spent.
_MANY = 1_000_000


class PlanError(Exception):
    """A sequential comparison cannot go on. The message states why and how to fix it."""


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """One task of a plan.

    Attributes:
      suite, task: names.
      frames: frames up to which runs are compared, fixed at the first call.
      baseline: baseline seeds at the first call; all of them count from the first look on.
      prior: relative spread of the suite's seeds.
      fixed: whether the baseline cannot grow: published curves.
    """

    suite: str
    task: str
    frames: float
    baseline: int
    prior: float
    fixed: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Suite and task."""
        return self.suite, self.task

    def sizes(self, seeds: int) -> tuple[int, int]:
        """Returns the baseline and candidate seeds of a look at ``seeds`` seeds per side."""
        return self.baseline if self.fixed else max(self.baseline, seeds), seeds


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """The design of a sequential comparison, fixed before its first look.

    Attributes:
      tasks: the tasks; tasks that are added later do not count.
      looks: candidate seeds per task at each look, ascending. The baseline has as many, or all that it had at the
        first call.
      worse: level of each look for WORSE, for each of two figures; the sum is at most 2.5 %.
      inferior: level of each look for NON-INFERIOR; the sum is at most 5 %.
      margin: accepted loss as a share of the learned range.
      seed: seed of the drawn labelings.
      reference: the value of ``--reference``; None for baseline runs.
      detects: loss of all tasks, as a share of the learned range, that the last look finds four times in five.
    """

    tasks: tuple[PlannedTask, ...]
    looks: tuple[int, ...]
    worse: tuple[float, ...]
    inferior: tuple[float, ...]
    margin: float
    seed: int
    reference: str | None
    detects: float

    def rates(self, look: int) -> Rates:
        """Returns the levels of a look; the first look is 0."""
        return Rates(self.worse[look], self.inferior[look])


def make_plan(
    tasks: Sequence[PlannedTask],
    present: int,
    most: int | None,
    looks: Sequence[int] | None,
    *,
    margin: float,
    seed: int,
    reference: str | None,
) -> SeedPlan:
    """Returns the plan of a comparison, from numbers of seeds alone: no score counts.

    Args:
      tasks: the tasks and their baseline seeds.
      present: candidate seeds per task at the first call.
      most: largest number of candidate seeds per task; by default 5, or more if fewer cannot decide.
      looks: candidate seeds per task at each look; by default at most three looks.
      margin, seed, reference: see `SeedPlan`.

    Raises:
      PlanError: no look can decide, or the numbers contradict each other.
    """
    chosen = _chosen_looks(tasks, present, most, looks)
    worse, inferior = (spend(tasks, chosen, rate) for rate in (WORSE_RATE, INFERIOR_RATE))
    spreads, sizes = [task.prior for task in tasks], [task.sizes(chosen[-1]) for task in tasks]
    detects = detected_loss(spreads, sizes, worse[-1])
    return SeedPlan(tuple(tasks), chosen, worse, inferior, margin, seed, reference, detects)


def spend(tasks: Sequence[PlannedTask], looks: Sequence[int], rate: float) -> tuple[float, ...]:
    """Returns the level of each look; levels that a permutation test cannot reach are left to the next look."""
    spent, levels = 0.0, []
    for seeds in looks:
        count = labelings(tasks, seeds)
        level = rate * seeds / looks[-1] - spent
        level = math.floor(level * count + 1e-9) / count if count < _MANY else level
        levels.append(level)
        spent += level
    return tuple(levels)


def labelings(tasks: Sequence[PlannedTask], seeds: int) -> int:
    """Returns the number of ways to assign the seeds of a look to the two sides."""
    return math.prod(math.comb(sum(task.sizes(seeds)), seeds) for task in tasks)


def _chosen_looks(
    tasks: Sequence[PlannedTask], present: int, most: int | None, looks: Sequence[int] | None
) -> tuple[int, ...]:
    if looks is not None:
        if list(looks) != sorted(set(looks)) or looks[0] < 1:
            raise PlanError(f"--looks {','.join(map(str, looks))}: write rising numbers of seeds, for example 2,3,5")
        if most is not None and most != looks[-1]:
            raise PlanError(f"--looks ends at {looks[-1]} seeds, --max-seeds is {most}: give one of them")
        most = looks[-1]
    able = {seeds for seeds in range(1, _FAR) if spend(tasks, [seeds], WORSE_RATE)[0] > 0}
    if not able or (most is not None and most < min(able)):
        needed = f"--max-seeds {min(able)}" if able else "more tasks"
        raise PlanError(f"no look can decide: with so few seeds and tasks p cannot be low enough; use {needed}")
    end = most or max(MOST_SEEDS, min(able), present)
    if present > end:
        raise PlanError(f"there are already {present} candidate seeds per task: use --max-seeds {present} or more")
    if looks is not None:
        levels = spend(tasks, looks, WORSE_RATE)
        if not levels[0]:
            raise PlanError(
                f"a look at {number_of(looks[0], 'seed')} cannot decide: p cannot be low enough; start later"
            )
        return tuple(seeds for seeds in looks if seeds >= present) or (end,)
    first = next(seeds for seeds in range(max(present, 1), end + 1) if spend(tasks, (seeds, end), WORSE_RATE)[0] > 0)
    count = min(MOST_LOOKS, end - first + 1)
    if count == 1:
        return (end,)
    return tuple(sorted({round(first * (end / first) ** (i / (count - 1))) for i in range(count)}))
