"""The train ratio is far above the task's published value.

What it does:
  Compares the train ratio with the published value of the task, scaled to the run's batch_size x batch_length. It
  reports information from twice that value on, and a warning from four times that value on.

Why is this bad:
  The run time is nearly proportional to the number of gradient updates. The paper finds that higher ratios learn from
  fewer frames, up to a point. No curve is published for them.

How to fix:
  Leave ``run.train_ratio`` out. Or shorten the run in proportion, and allow this rule.

References:
  https://arxiv.org/abs/2301.04104v2 (figure 6, replay ratios 1 to 64)
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Harm, HarmLevel, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import earlier
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.helpers.formatting import times
from dreamerguard.rules.helpers.right_ratio import right_ratio
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG102",
    "high-train-ratio",
    Severity.WARNING,
    unless=("ratio-unit", "edition-mix", "run-too-short", "changed-batch-shape"),
)

GOOD = [
    Example("dreamerguard train dmc_walker_walk"),
    Example("dreamerguard train dmc_walker_walk run.train_ratio=768"),
    Example("dreamerguard train dmc_walker_walk replay.batch_size=64 run.train_ratio=2048"),
]
BAD = [
    Example(
        "dreamerguard train atari_pong run.train_ratio=1000",
        mark="run.train_ratio=1000",
        fixed="dreamerguard train atari_pong run.train_ratio=32",
    ),
    Example(
        "dreamerguard train dmc_walker_walk replay.batch_size=64 run.train_ratio=10000",
        mark="run.train_ratio=10000",
        fixed="dreamerguard train dmc_walker_walk replay.batch_size=64 run.train_ratio=2048",
    ),
]

_NOTABLE, _COSTLY = 2.0, 4.0


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the ratio that the user chose."""
    setting, expected, right = run.chosen("train_ratio"), run.expected("train_ratio"), right_ratio(run)
    if setting is None or expected is None or right is None or run.reference is None:
        return
    factor = right.part
    if min(factor, right.plain_part) < _NOTABLE:
        return
    level: HarmLevel = "moderate" if factor >= _COSTLY else "slight"
    yield rule.at(
        run.place(setting),
        f"{setting.key} is {spell_scalar(setting.value)}, {times(factor)} the {right.of_task(run.reference.task)}",
        label=f"expected {right}",
        key=setting.key,
        severity=None if factor >= _COSTLY else Severity.INFO,
        secondary=earlier(setting),
        fix=run.correct(setting, right.text, f"set {setting.key} to {right.text}"),
        evidence=(published(setting.key, expected),),
        harm=Harm(level, f"{times(factor)} the gradient updates per frame, so about {times(factor)} the training time"),
    )
