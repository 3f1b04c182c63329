"""The preset and the task belong to different benchmarks.

What it does:
  Reports a preset that upstream made for one suite together with a task of another suite that has a preset too. In a
  file of presets, reports a preset with a task that does not read the section of ``env`` named after the preset.

Why is this bad:
  Train ratio, length, action distribution and environment settings are those of the wrong benchmark. ``--configs
  atari100k --task atari_pong`` of danijar/dreamerv3 plays with sticky actions in gray at 96 x 96, because the
  environment settings follow the task's name. In dreamerv3-torch, ``--configs atari100k`` without ``--task`` trains
  walker-walk.

How to fix:
  Name the preset of the task, or a task of the preset.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/dreamerv3/main.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG337", "mismatched-preset", Severity.WARNING, unless=("unknown-preset",), dialects=("danijar", "nm512_torch")
)

GOOD = [
    Example("python dreamerv3/main.py --configs atari100k --task atari100k_pong --logdir logs"),
    Example("python dreamerv3/main.py --configs dmc_vision --task robot_reach --logdir logs"),
]
BAD = [
    Example("python dreamerv3/main.py --configs atari100k --task atari_pong --logdir logs", mark="--task atari_pong"),
    Example("python dreamer.py --configs atari100k --logdir logs", mark="atari100k"),
]

#: Suites with a preset. Where the task's suite has no preset, a preset for another suite is a deliberate choice.
_SUITES = {"dmc", "atari", "atari100k", "crafter", "minecraft", "dmlab", "procgen", "bsuite", "loconav", "memorymaze"}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.whole:
        yield from _unread_section(run)
        return
    task = run.setting("task")
    suite = str(task.value).split("_", 1)[0] if task is not None else ""
    presets = [preset for preset in run.presets if preset.suite]
    if task is None or not presets or suite not in _SUITES or presets[-1].suite == suite:
        return
    last = presets[-1]
    place = task.last.span if task.chosen and task.last.kind == "command line" else None
    yield rule.at(
        place or last.span,
        f"preset {last.name} was made for {last.suite} tasks, but the task is {task.value}",
        key=task.key,
        secondary=(Label(last.span, "this preset"),) if place is not None else (),
        help=f"use a preset for {suite}, or a task of {last.suite}",
    )


def _unread_section(run: ResolvedRun) -> Iterator[Finding]:
    """Finds sections such as ``env.atari100k`` in a preset ``atari100k`` with the task ``atari_pong``."""
    task = run.settings.get("task")
    if not run.presets or task is None or task.last.kind != "preset" or task.last.span is None:
        return
    name, suite = run.presets[-1].name, str(task.value).split("_", 1)[0]
    sections = {key.split(".")[1] for key in run.settings if key.startswith("env.") and key.count(".") > 1}
    if name != suite and {name, suite} <= sections:
        yield rule.at(
            task.last.span,
            f"preset {name} trains {task.value}, which reads env.{suite}: env.{name} has no effect",
            key=task.key,
            upstream=run.upstream if task.last.upstream else "",
        )
