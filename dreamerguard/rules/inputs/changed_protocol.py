"""An Atari setting differs from the benchmark's.

What it does:
  Notes sticky actions, no-ops, the action set, gray images and the like that the user changed for Atari and Atari100k.

Why is this bad:
  Scores are compared within one protocol: 200M frames with sticky actions and all actions, or 400k frames without
  sticky actions and with the game's own.

How to mend:
  Leave the setting out when the score is to be compared with a published one.

References:
  https://arxiv.org/abs/1709.06009
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG626", "changed-protocol", Severity.INFO, unless=("reward-clip",), dialects=("danijar", "nm512_torch"))

GOOD = [Example("python dreamerv3/main.py --configs atari100k --logdir logs")]
BAD = [
    Example(
        "python dreamerv3/main.py --configs atari100k --env.atari100k.sticky True --logdir logs",
        mark="--env.atari100k.sticky True",
    ),
    Example("python dreamer.py --configs atari100k --task atari_pong --noops 0 --logdir logs", mark="--noops 0"),
]

_NAMES = ("sticky", "stickey", "noops", "actions", "gray", "grayscale", "pooling", "aggregate", "lives")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    task = run.setting("task")
    suite = str(task.value).split("_", 1)[0] if task is not None else ""
    if suite not in ("atari", "atari100k"):
        return
    for name in _NAMES:
        setting = run.settings.get(name if run.dialect == "nm512_torch" else f"env.{suite}.{name}")
        if setting is None or not setting.chosen or len(setting.chain) < 2:
            continue
        before = next((layer.value for layer in reversed(setting.chain) if layer.upstream), setting.value)
        if before != setting.value:
            yield rule.at(
                run.place(setting),
                f"{setting.key} is {spell_scalar(setting.value)}; the benchmark has {spell_scalar(before)}",
                key=setting.key,
            )
