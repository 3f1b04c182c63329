"""The value has the wrong type.

What it does:
  Reports text where a number is expected, a number where true or false is expected, a list where one value is expected,
  and so on. Types follow YAML 1.2: ``1e6`` is a number; ``yes``, ``1_000_000`` and everything in quotes are text.
  In a fork, reports a number for a setting that its code compares with texts only.

Why is this bad:
  The run does not start. Programs that convert the value instead turn ``no`` into true, or text into a list of letters.
  A number equals no text, so no branch of the code accepts it, and the flag refuses the text that would be valid.

How to fix:
  Write the value as the message says.

References:
  https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG306", "wrong-type", Severity.ERROR)

GOOD = [Example("dreamerguard train run.yaml", file="task: dmc_walker_walk\nrun.frames: 5e5\nreplay.online: false\n")]
BAD = [
    Example(
        "dreamerguard train run.yaml",
        file='task: dmc_walker_walk\nrun:\n  train_ratio: "512"\n',
        mark='train_ratio: "512"',
        fixed="task: dmc_walker_walk\nrun:\n  train_ratio: 512\n",
    ),
    Example(
        "dreamerguard train dmc_walker_walk replay.online=no",
        mark="replay.online=no",
        fixed="dreamerguard train dmc_walker_walk replay.online=false",
    ),
    Example("dreamerguard train dmc_walker_walk run.envs=1.5", mark="run.envs=1.5"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
