"""An Atari setting differs from the benchmark.

What it does:
  Reports sticky actions, no-ops, the action set, gray images, pooling, lives and similar settings that the user changed
  for Atari or Atari100k.

Why is this bad:
  The change may be harmless, but scores are compared within one protocol: 200M frames with sticky actions and all
  actions, or 400k frames without sticky actions and with the game's own action set.

How to fix:
  Leave the setting out when the score will be compared with a published one.

References:
  https://arxiv.org/abs/1709.06009
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG614",
    "atari-protocol",
    Severity.INFO,
    unless=("suite-mismatch", "reward-clip"),
    dialects=("danijar", "nm512_torch", "r2dreamer"),
)

GOOD = [
    Example("python dreamerv3/main.py --configs atari100k --logdir logs"),
    Example("python train.py env=atari100k env.task=atari_pong"),
]
BAD = [
    Example("python train.py env=atari100k env.sticky=True", mark="env.sticky=True"),
    Example(
        "python dreamerv3/main.py --configs atari100k --env.atari100k.sticky True --logdir logs",
        mark="--env.atari100k.sticky True",
    ),
    Example("python dreamer.py --configs atari100k --task atari_pong --noops 0 --logdir logs", mark="--noops 0"),
]

_SHARED = ("sticky", "noops", "actions", "pooling", "aggregate", "lives")
_NAMES = {
    "danijar": (*_SHARED, "gray"),
    "nm512_torch": (*_SHARED, "stickey", "grayscale"),
    "r2dreamer": (*_SHARED, "gray", "size", "resize", "clip_reward", "autostart"),
}
_PREFIX = {"danijar": "env.{suite}.", "nm512_torch": "", "r2dreamer": "env."}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the values of the user with upstream's values."""
    task = run.setting("task")
    suite = str(task.value).split("_", 1)[0] if task is not None else ""
    if suite not in ("atari", "atari100k"):
        return
    prefix = _PREFIX[run.dialect].format(suite=suite)
    for name in _NAMES[run.dialect]:
        setting = run.settings.get(f"{prefix}{name}")
        if setting is None or not setting.chosen:
            continue
        before = next((layer.value for layer in reversed(setting.chain[:-1]) if layer.upstream), setting.value)
        if before != setting.value:
            yield rule.at(
                run.place(setting),
                f"{setting.key} is {spell_scalar(setting.value)}; the benchmark uses {spell_scalar(before)}",
                key=setting.key,
            )
