"""The value is out of range.

What it does:
  Reports a number below the least or above the greatest allowed value, infinity, and not-a-number.

Why is this bad:
  The run is refused.

How to mend:
  Write a value in the range that the message gives, in the unit that it gives.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.model import Finding, Severity
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
    """Passes on values outside their key's range."""
    yield from rule.reported(run)
