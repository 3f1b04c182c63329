"""The environment does not apply the action repeat.

What it does:
  Reports an action repeat above 1 for suites with environments that ignore it: Memory Maze and Crafter in r2dreamer and
  dreamerv3-torch, and Minecraft in dreamerv3-torch. In a fork of dreamerv3-torch, also a suite of the fork whose branch
  of ``make_env`` and environment do not name a repeat, while the script divides its steps by it.

Why is this bad:
  Steps, time limit, update rate and the logged axis are scaled by a repeat that never happens. With 2, the run sees
  half of the frames that it reports. The ``memorymaze`` presets of both programs set 2.

How to fix:
  Set the repeat to 1 and the length to the intended number. Or pass the repeat to the environment.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/envs/__init__.py#L83
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Span
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG204",
    "unapplied-action-repeat",
    Severity.ERROR,
    unless=("suite-mismatch",),
    dialects=("nm512_torch", "r2dreamer"),
)

GOOD = [
    Example("python train.py env=crafter"),
    Example("python train.py env=dmc_vision env.action_repeat=2"),
    Example("python dreamer.py --configs dmc_vision --action_repeat 2 --logdir logs"),
]
BAD = [
    Example("python train.py env=crafter env.action_repeat=4", mark="env.action_repeat=4"),
    Example("python train.py env=memorymaze", mark="python train.py env=memorymaze"),
    Example("python dreamer.py --configs memorymaze --logdir logs", mark="--configs memorymaze"),
]

_WITHOUT = {"r2dreamer": ("memorymaze", "crafter"), "nm512_torch": ("memorymaze", "crafter", "minecraft")}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at the task's suite, and at the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
    task, repeat = run.setting("task"), run.setting("action_repeat")
    if task is None or repeat is None or not repeat.number > 1:
        return
    suite = str(task.value).split("_", 1)[0]
    if suite not in _WITHOUT[run.dialect]:
        return
    number = spell_scalar(repeat.value)
    # The cause is the command, or a preset of a fork, which may have fixed the program too.
    certain = run.dialect == "r2dreamer" and repeat.chosen
    yield rule.at(
        _place(run, repeat),
        f"{repeat.key} {number} is not applied to {suite}: the run sees 1/{number} of the frames that it counts",
        key=repeat.key,
        severity=None if certain else Severity.WARNING,
        upstream="" if repeat.chosen else run.upstream,
    )


def _place(run: ResolvedRun, repeat: Setting) -> Span:
    if run.whole or run.dialect == "r2dreamer":
        return repeat.last.span or run.anchor
    return run.place(repeat)
