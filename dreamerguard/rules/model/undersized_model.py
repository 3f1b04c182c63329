"""The model is smaller than the task's published model.

What it does:
  Reports a smaller size in a run with ``purpose: full``.

Why is this bad:
  In the paper's comparison of sizes, smaller models learn more slowly and end lower, so a comparison with the published
  scores is not fair. A small model is a fair choice on small machines, so this is only information.

How to fix:
  Leave ``size`` out, or declare ``purpose=short``.

References:
  https://arxiv.org/abs/2301.04104v2 (figure 6, sizes 12M to 400M)
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG403", "undersized-model", Severity.INFO)

GOOD = [
    Example("dreamerguard train dmc_walker_walk size=size12m"),
    Example("dreamerguard train dmc_walker_walk size=size1m purpose=short"),
]
BAD = [Example("dreamerguard train dmc_walker_walk size=size1m", mark="size=size1m")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares places in the list of sizes."""
    size, expected = run.chosen("size"), run.expected("size")
    order = list(run.widths)
    if size is None or expected is None or size.value not in order or expected.value not in order:
        return
    if run.purpose == "short" or order.index(str(size.value)) >= order.index(str(expected.value)):
        return
    correct = spell_scalar(expected.value)
    yield rule.at(
        run.place(size),
        f"{size.key} is {size.value}; the published scores come from {correct}",
        label=f"published: {correct}",
        key=size.key,
        evidence=(published(size.key, expected),),
    )
