"""An option of a configuration group that upstream does not have.

What it does:
  Reports ``group=option`` when upstream has no such option, none is near, and the checkout that may have it is not
  beside the command. What the option sets is unknown then, and no rule judges it.

Why is this bad:
  It need not be: a fork may have the option.

How to mend:
  Run the check in the checkout, so that its own files are read.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Confidence, Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG317", "unverified-option", Severity.INFO, confidence=Confidence.LOW, dialects=("r2dreamer", "sheeprl"))

GOOD = [Example("sheeprl exp=dreamer_v3 env=crafter")]
BAD = [Example("sheeprl exp=dreamer_v3 env=warehouse_robot", mark="env=warehouse_robot")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Passes on what composing could not see."""
    for problem in run.problems:
        if problem.rule == rule.name:
            yield rule.at(
                problem.label.span,
                f"{run.upstream} has no {problem.value}, so what it sets is not checked",
                key=problem.key,
                help="run this in the checkout, so that its own files are read",
            )
