"""Upstream does not have the option, so it is not checked.

What it does:
  Reports ``group=option`` when upstream has no such option, no similar option exists, and the checkout that may have it
  is not beside the command. The settings of the option are then unknown, and no rule checks them.

Why is this bad:
  This may be harmless: a fork can add options that we cannot see.

How to fix:
  Run the check in the checkout, so that dreamerguard reads its files.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG317", "unverified-option", Severity.INFO, confidence=Confidence.LOW, dialects=("r2dreamer", "sheeprl"))

GOOD = [Example("sheeprl exp=dreamer_v3 env=crafter")]
BAD = [Example("sheeprl exp=dreamer_v3 env=warehouse_robot", mark="env=warehouse_robot")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports options that only a fork can have."""
    for problem in run.problems:
        if problem.rule == rule.name:
            yield rule.at(
                problem.label.span,
                f"{run.upstream} has no {problem.value}, so the settings of this option are not checked",
                key=problem.key,
                help="run dreamerguard in the checkout, so that it reads the files there",
            )
