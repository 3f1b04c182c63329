"""A command-line argument is not a valid override.

What it does:
  Reports ``--key`` without a value, and a bare argument that is neither the task nor a ``.yaml`` file. In scripts and
  documents, it also reports options in the line behind a command that does not end in a backslash.

Why is this bad:
  The command stops before it trains, or it configures another run than intended.

How to fix:
  Write ``key=value``, ``--key=value`` or ``--key value``. A boolean takes ``true`` or ``false``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG004", "malformed-override", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk --replay.online=true --seed 3 env.action_repeat=2")]
BAD = [
    Example("dreamerguard train dmc_walker_walk --replay.online", mark="--replay.online"),
    Example("dreamerguard train dmc_walker_walk dmc_walker_run", mark="dmc_walker_run"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
