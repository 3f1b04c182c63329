"""A suppression gives no reason.

What it does:
  Reports a ``# dreamerguard: ignore[RULE]`` comment without ``-- reason``. The comment has no effect until it has a
  reason.

Why is this bad:
  Later, nobody can see whether the finding was wrong, was intended, or was only in the way.

How to fix:
  Add the reason: ``# dreamerguard: ignore[low-train-ratio] -- smoke test on a laptop``.

References:
  https://github.com/astral-sh/ruff/issues/8453
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
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
    """Reports comments without a reason."""
    yield from rule.reported(run)
