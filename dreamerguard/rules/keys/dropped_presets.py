"""A second --configs replaces the first one.

What it does:
  Reports presets that a later ``--configs`` of the same command replaces.

Why is this bad:
  The program does not combine them. It does not apply the first presets, and prints no message.

How to fix:
  Name all presets after one ``--configs``, the task's preset first and the size last.

References:
  https://github.com/danijar/elements/blob/b781f90/elements/flags.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG312", "dropped-presets", Severity.ERROR, dialects=("danijar", "nm512_torch"))

GOOD = [Example("python dreamerv3/main.py --configs crafter size50m --logdir logs")]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --configs size50m --logdir logs",
        mark="--configs crafter",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
