"""A suppression is not valid.

What it does:
  Reports a ``# dreamerguard:`` comment that names a rule that does not exist, or that has another form than
  ``ignore[RULE] -- reason``.

Why is this bad:
  The comment accepts nothing, although it looks as if it did.

How to fix:
  Write the rules by name or code in brackets: ``# dreamerguard: ignore[low-train-ratio] -- smoke test``.
  ``ignore-block`` is for a key and everything below it, ``ignore-file`` for the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG901", "unknown-suppression", Severity.WARNING)

GOOD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun.train_ratio: 32  # dreamerguard: ignore[DG101] -- smoke test on a laptop\n",
    )
]
BAD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk  # dreamerguard: ignore[low-train-rato] -- smoke test\n",
        mark="# dreamerguard: ignore[low-train-rato] -- smoke test",
    ),
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk  # dreamerguard: ignore everything\n",
        mark="# dreamerguard: ignore everything",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports comments that are not valid."""
    yield from rule.reported(run)
