"""A comment accepts a finding and does not say why.

What it does:
  Reports a ``# dreamerguard: ignore[RULE]`` comment without ``-- reason``. Until it has one, it has no effect.

Why is this bad:
  Nobody can tell later whether the finding was wrong, was meant, or was in the way.

How to mend:
  Add the reason: ``# dreamerguard: ignore[low-train-ratio] -- smoke test on a laptop``.

References:
  https://github.com/astral-sh/ruff/issues/8453
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG903", "unexplained-suppression", Severity.WARNING)

GOOD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun.train_ratio: 32  # dreamerguard: ignore[low-train-ratio] -- smoke test\n",
    )
]
BAD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun.train_ratio: 512  # dreamerguard: ignore[low-train-ratio]\n",
        mark="# dreamerguard: ignore[low-train-ratio]",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Passes on which comments lack a reason."""
    yield from rule.reported(run)
