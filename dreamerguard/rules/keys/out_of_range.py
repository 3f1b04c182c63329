"""The value is out of range.

What it does:
  Reports a number below the minimum or above the maximum, infinity, and not-a-number. One of several learning rates
  may be 0 if another setting loads weights; without one it is a warning.

Why is this bad:
  The run does not start or cannot learn.

How to fix:
  Write a value in the range and in the unit that the message gives.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG307", "out-of-range", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk optimizer.lr=4e-5")]
BAD = [
    Example("dreamerguard train dmc_walker_walk optimizer.lr=-4e-5", mark="optimizer.lr=-4e-5"),
    Example("dreamerguard train dmc_walker_walk optimizer.lr=.inf", mark="optimizer.lr=.inf"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
