"""A file sets the same key twice.

What it does:
  Reports a key that occurs twice in the same mapping, and a key that is written both nested and dotted.

Why is this bad:
  YAML forbids it, but most readers silently keep the last value. The first line has no effect.

How to fix:
  Keep one of the two lines. To share values between mappings, use an anchor and ``<<``.

References:
  https://yaml.org/spec/1.2.2/#3213-node-comparison
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG002", "duplicate-key", Severity.ERROR)

GOOD = [Example("dreamerguard train run.yaml", file="task: dmc_walker_walk\nrun:\n  frames: 5e5\n  envs: 16\n")]
BAD = [
    Example("dreamerguard train run.yaml", file="task: dmc_walker_walk\nseed: 1\nseed: 2\n", mark="seed"),
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun: {envs: 16}\nrun.envs: 8\n",
        mark="run.envs",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that reading the files kept for this rule."""
    yield from rule.reported(run)
