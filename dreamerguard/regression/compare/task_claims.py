"""Names the tasks that are worse, with control of the family-wise error over tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dreamerguard.regression.statistics.binned_curve import area, final_score
from dreamerguard.regression.statistics.permutation import PermutationTest
from dreamerguard.regression.statistics.seed_band import METHOD

from .decision import TaskSeeds


def worse_tasks(tasks: Sequence[TaskSeeds], level: float, seed: int) -> tuple[str, ...]:
    """Returns the tasks that are worse, each shown by its own seeds.

    Step-down smallest-p test of each of the two figures (Westfall and Young, Resampling-Based Multiple Testing, 1993):
    the seeds of different tasks are shuffled independently, so the chance that any of the tasks left has a p-value of x
    or less is 1 - prod(1 - F(x)), with F(x) <= x the largest p-value that the task can have up to x. Call it only after
    WORSE over all tasks: then the error over all claims is at most that of WORSE, whichever tasks are healthy.

    Args:
      tasks: the tasks of a comparison.
      level: level of each figure.
      seed: seed of the drawn labelings.
    """
    found: set[str] = set()
    for figure in (lambda curve: final_score(curve, METHOD.final), area):
        values = [
            [
                [value for curve in side if (value := figure(curve)) is not None]
                for side in (task.baseline, task.candidate)
            ]
            for task in tasks
        ]
        tests = [PermutationTest.of([base], [cand], seed=seed) for base, cand in values]
        p = [test.p_worse([0.0]) for test in tests]
        counts = [len(test.strata[0].differences) for test in tests]
        found |= {tasks[i].task for i in step_down(p, counts, level)}
    return tuple(task.task for task in tasks if task.task in found)


def step_down(p: Sequence[float], labelings: Sequence[int], level: float) -> list[int]:
    """Returns the indices of the hypotheses that a step-down smallest-p test rejects at a family-wise level.

    Args:
      p: p-value of each hypothesis.
      labelings: number of labelings behind each p-value.
      level: family-wise level.
    """
    order = sorted(range(len(p)), key=lambda index: p[index])
    for done, index in enumerate(order):
        left = order[done:]
        below = (math.floor(p[index] * labelings[i] + 1e-9) / labelings[i] for i in left)
        if 1 - math.prod(1 - value for value in below) > level:
            return order[:done]
    return order
