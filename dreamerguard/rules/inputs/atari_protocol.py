"""The Atari settings are not the benchmark's.

What it does:
  Reports r2dreamer's settings of the Atari environment that differ from its own ``atari100k`` preset: sticky actions,
  action set, image size and channels, frame pooling, lives, no-ops, clipped rewards.

Why is this bad:
  It need not be, but the scores are then of another protocol than the published ones.

How to mend:
  Leave the settings out to compare with Atari100k.

References:
  https://arxiv.org/abs/1709.06009
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG614", "atari-protocol", Severity.INFO, dialects=("r2dreamer",), unless=("suite-mismatch",))

GOOD = [Example("python train.py env=atari100k env.task=atari_pong")]
BAD = [Example("python train.py env=atari100k env.sticky=True", mark="env.sticky=True")]

_KEYS = (
    "sticky",
    "actions",
    "size",
    "gray",
    "pooling",
    "aggregate",
    "resize",
    "lives",
    "noops",
    "clip_reward",
    "autostart",
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares what the user chose with the layer below."""
    task = run.setting("task")
    if task is None or not str(task.value).startswith("atari_"):
        return
    for name in _KEYS:
        setting = run.settings.get(f"env.{name}")
        if setting is None or not setting.chosen or len(setting.chain) < 2:
            continue
        before = setting.chain[-2]
        if before.upstream and before.value != setting.value:
            yield rule.at(
                run.place(setting),
                f"{setting.key} is {spell_scalar(setting.value)}, upstream's preset has {spell_scalar(before.value)}",
                key=setting.key,
            )
