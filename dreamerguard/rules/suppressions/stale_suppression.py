"""A suppression accepts a finding that does not exist.

What it does:
  Reports a ``# dreamerguard: ignore[RULE]`` comment when none of its rules finds anything at this place.

Why is this bad:
  The original problem is fixed. If the comment stays, it hides the next mistake of the same kind.

How to fix:
  Remove the comment; ``dreamerguard lint --fix`` does so.

References:
  https://github.com/pylint-dev/pylint/issues/5253
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG902", "stale-suppression", Severity.WARNING)

GOOD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\n# dreamerguard: ignore[low-train-ratio] -- smoke test\nrun.train_ratio: 32\n",
    )
]
BAD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun.train_ratio: 512  # dreamerguard: ignore[low-train-ratio] -- smoke test\n",
        mark="# dreamerguard: ignore[low-train-ratio] -- smoke test",
        fixed="task: dmc_walker_walk\nrun.train_ratio: 512\n",
    ),
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\n# dreamerguard: ignore[no-training] -- smoke test\nrun.train_ratio: 512\n",
        mark="# dreamerguard: ignore[no-training] -- smoke test",
        fixed="task: dmc_walker_walk\nrun.train_ratio: 512\n",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports comments that were not needed."""
    yield from rule.reported(run)
