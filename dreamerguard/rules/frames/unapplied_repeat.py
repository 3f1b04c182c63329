"""The suite's environment ignores the action repeat.

What it does:
  Reports ``action_repeat`` above 1 in dreamerv3-torch for Crafter, Minecraft and Memory Maze, which are built without
  it.

Why is this bad:
  The run's length, its limits and the logged axis are divided or multiplied by the repeat, and the environment is not:
  with 2, half the claimed frames are collected. Upstream's own preset ``memorymaze`` sets 2.

How to mend:
  Set ``action_repeat`` to 1, or pass it to the environment.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG220", "unapplied-repeat", Severity.WARNING, dialects=("nm512_torch",))

GOOD = [Example("python dreamer.py --configs dmc_vision --action_repeat 2 --logdir logs")]
BAD = [
    Example("python dreamer.py --configs memorymaze --logdir logs", mark="--configs memorymaze"),
]

_SUITES = ("memorymaze", "crafter", "minecraft")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting, task = run.setting("action_repeat"), run.setting("task")
    suite = str(task.value).split("_", 1)[0] if task is not None else ""
    if setting is None or suite not in _SUITES or not setting.number > 1:
        return
    span = setting.last.span if run.whole and setting.last.span is not None else run.place(setting)
    value = spell_scalar(setting.value)
    yield rule.at(
        span,
        f"{suite} is built without action_repeat {value}: the run collects 1/{value} of the frames that it counts",
        key=setting.key,
        upstream=run.upstream if setting.last.upstream else "",
    )
