"""The action repeat is not applied by the environment.

What it does:
  Reports an action repeat above 1 for r2dreamer's memory maze and Crafter, whose environments are built without it.

Why is this bad:
  Steps, time limit and update rate are scaled by a repeat that never happens: the run sees a fraction of the data that
  its x axis shows. r2dreamer's own ``memorymaze`` preset sets 2.

How to mend:
  Set the repeat to 1, and the length to what is meant.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/envs/__init__.py#L83
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG204", "unapplied-action-repeat", Severity.ERROR, unless=("suite-mismatch",), dialects=("r2dreamer",))

GOOD = [Example("python train.py env=crafter"), Example("python train.py env=dmc_vision env.action_repeat=2")]
BAD = [
    Example("python train.py env=crafter env.action_repeat=4", mark="env.action_repeat=4"),
    Example("python train.py env=memorymaze", mark="python train.py env=memorymaze"),
]

_WITHOUT = ("memorymaze_", "crafter_")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at the task's suite."""
    task, repeat = run.setting("task"), run.setting("action_repeat")
    if task is None or repeat is None or not str(task.value).startswith(_WITHOUT) or not repeat.number > 1:
        return
    number = spell_scalar(repeat.value)
    yield rule.at(
        repeat.last.span or run.anchor,
        f"{repeat.key} {number} is not applied to {task.value}: the run sees 1/{number} of the frames that it counts",
        key=repeat.key,
        severity=None if repeat.chosen else Severity.WARNING,
        upstream="" if repeat.chosen else run.upstream,
    )
