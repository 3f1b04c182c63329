"""A word of the command is no setting.

What it does:
  Reports ``--key`` without a value behind it, and a bare word that is neither the task nor a ``.yaml`` file.

Why is this bad:
  The command stops before it trains, or something else than the run is configured.

How to mend:
  Write ``key=value``, ``--key=value`` or ``--key value``. A switch takes ``true`` or ``false``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.model import Finding, Severity
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
    """Passes on what the command line holds besides settings."""
    yield from rule.reported(run)
