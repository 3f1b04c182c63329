"""A key is set twice in one file.

What it does:
  Reports a key that stands twice in the same mapping, and a key that is written both nested and dotted.

Why is this bad:
  YAML forbids it, yet most readers keep the last value in silence. What the first line says never happens.

How to mend:
  Keep one of the two lines. Values that one file shares with another belong into an anchor and ``<<``.

References:
  https://yaml.org/spec/1.2.2/#3213-node-comparison
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.model import Finding, Severity
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
    """Passes on what the reader saw twice."""
    yield from rule.reported(run)
