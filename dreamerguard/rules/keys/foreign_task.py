"""The task has another name in this program.

What it does:
  Reports task names that differ between training programs. ``dmc_cup_catch`` of danijar/dreamerv3 is
  ``dmc_ball_in_cup_catch`` in r2dreamer, which passes the name on to dm_control.

Why is this bad:
  dm_control has no domain ``cup``, so the program cannot make the environment.

How to fix:
  Use the name in this program.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/envs/dmc.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG321", "foreign-task", Severity.ERROR, dialects=("r2dreamer",), unless=("suite-mismatch",))

GOOD = [Example("python train.py env=dmc_vision env.task=dmc_ball_in_cup_catch")]
BAD = [
    Example(
        "python train.py env=dmc_vision env.task=dmc_cup_catch",
        mark="env.task=dmc_cup_catch",
        fixed="python train.py env=dmc_vision env.task=dmc_ball_in_cup_catch",
    )
]

_NAMES = {
    "dmc_cup_catch": "dmc_ball_in_cup_catch",
    "dmc_pointmass_easy": "dmc_point_mass_easy",
    "dmc_manip_bring_ball": "dmc_manipulator_bring_ball",
}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks the name up."""
    task = run.chosen("task")
    right = _NAMES.get(str(task.value)) if task is not None else None
    if task is not None and right is not None:
        yield rule.at(
            run.place(task),
            f"dm_control has no task {task.value}; the task is called {right} here",
            key=task.key,
            fix=run.correct(task, right, f"train {right}", safe=True),
        )
