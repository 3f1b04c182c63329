"""Settings contradict each other.

What it does:
  Reports values that are valid one by one but not together, for example a recurrent state that its blocks do not
  divide. In a checkout, also reports values at which its own code stops, such as ``if not config.a and config.b > 1:
  raise ValueError``, where all values in the condition are known. In a file of presets that is a warning, because a
  command may set another value.

Why is this bad:
  The run does not start.

How to fix:
  Change one of the settings that the message names.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG308", "inconsistent-settings", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk model.deter=1024 model.blocks=16")]
BAD = [
    Example("dreamerguard train dmc_walker_walk model.blocks=7", mark="model.blocks=7"),
    Example("dreamerguard train dmc_walker_walk optimizer.schedule=cosine", mark="optimizer.schedule=cosine"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
