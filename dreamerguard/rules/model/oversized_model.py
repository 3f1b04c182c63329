"""The model is much larger than the task's published model.

What it does:
  Compares the model size with the published size, and reports a size that is two or more steps larger.

Why is this bad:
  The published scores of the task come from the smaller model. A larger model takes several times as long, and no curve
  gives its expected score.

How to fix:
  Leave ``size`` out. In the paper's comparison on Crafter and DMLab, larger models do learn from fewer frames. Allow
  this rule when that is the experiment.

References:
  https://arxiv.org/abs/2301.04104v2 (figure 6, sizes 12M to 400M)
  https://github.com/NM512/dreamerv3-torch/issues/2
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Harm, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import earlier
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG402", "oversized-model", Severity.WARNING)

GOOD = [
    Example("dreamerguard train dmc_walker_walk size=size25m"),
    Example("dreamerguard train crafter_reward size=size200m"),
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk size=size200m",
        mark="size=size200m",
        fixed="dreamerguard train dmc_walker_walk size=size12m",
    )
]

_STEPS = 2


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Counts steps between the sizes."""
    size, expected = run.chosen("size"), run.expected("size")
    order = list(run.widths)
    if size is None or expected is None or size.value not in order or expected.value not in order:
        return
    if order.index(str(size.value)) - order.index(str(expected.value)) < _STEPS or run.reference is None:
        return
    correct = spell_scalar(expected.value)
    yield rule.at(
        run.place(size),
        f"{size.key} is {size.value}, but {run.reference.task} was published with {correct}",
        label=f"expected {correct}",
        key=size.key,
        secondary=earlier(size),
        fix=run.correct(size, correct, f"set {size.key} to {correct}"),
        evidence=(published(size.key, expected),),
        harm=Harm("slight", "longer training, and no published score to compare with"),
    )
