"""The edition has no published values for this task.

What it does:
  Reports an edition without values for the task's suite.

Why is this bad:
  The run would follow another edition than the requested one.

How to fix:
  Choose one of the editions that the message names. ``dreamerguard explain TASK`` shows their values.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG305", "unpublished-edition", Severity.ERROR)

GOOD = [Example("dreamerguard train crafter_reward edition=head")]
BAD = [Example("dreamerguard train crafter_reward edition=paper-2025", mark="edition=paper-2025")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
