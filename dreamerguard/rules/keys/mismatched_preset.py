"""The preset and the task belong to different benchmarks.

What it does:
  Reports a preset that upstream made for one suite together with a task of another suite that has a preset too. It also
  reports a preset with a task that does not read the section of ``env`` named after the preset, where this section and
  the one that the task reads have different values.

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
from dreamerguard.core.setting import Setting
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
#: Keys that a message lists.
_LISTED = 4


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.whole:
        yield from _unread_section(run)
        return
    task = run.setting("task")
    suite = str(task.value).split("_", 1)[0] if task is not None else ""
    presets = [preset for preset in run.presets if preset.suite]
    if task is None or not presets or suite not in _SUITES or presets[-1].suite == suite:
        yield from _bypassed_section(run)
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
    if name != suite and {name, suite} <= _sections(run):
        yield rule.at(
            task.last.span,
            f"preset {name} trains {task.value}, which reads env.{suite}: env.{name} has no effect",
            key=task.key,
            upstream=run.upstream if task.last.upstream else "",
        )


def _bypassed_section(run: ResolvedRun) -> Iterator[Finding]:
    """Finds a command with such a preset, unless the preset itself sets the section that the task reads."""
    task, sections = run.setting("task"), _sections(run)
    named = [preset for preset in run.presets if preset.name in sections]
    if task is None or not named:
        return
    preset, suite = named[-1], str(task.value).split("_", 1)[0]
    if preset.name == suite or suite not in sections or any(key.startswith(f"env.{suite}.") for key in preset.keys):
        return
    theirs = {key: item for key in run.settings if (item := _twin(run, key, preset.name, suite)) is not None}
    changed = [key.rpartition(".")[2] for key, item in theirs.items() if item.value != run.settings[key].value]
    if changed:
        yield rule.at(
            run.place(task) if task.last.kind == "command line" else preset.span,
            f"preset {preset.name} with a task of {suite} plays with env.{suite}, not with env.{preset.name}:"
            f" {', '.join(changed[:_LISTED])} {'differs' if len(changed) == 1 else 'differ'}",
            key=task.key,
            severity=None if task.chosen else Severity.INFO,
            help=f"choose a task of {preset.name}, or set env.{suite} in the preset",
            upstream="" if task.chosen else run.upstream,
        )


def _twin(run: ResolvedRun, key: str, name: str, suite: str) -> Setting | None:
    """Returns the setting of a section that belongs to a key of another section; None for other keys."""
    start = f"env.{suite}."
    return run.settings.get(f"env.{name}.{key.removeprefix(start)}") if key.startswith(start) else None


def _sections(run: ResolvedRun) -> set[str]:
    return {key.split(".")[1] for key in run.settings if key.startswith("env.") and key.count(".") > 1}
