"""The baseline lists a finding that no longer exists.

What it does:
  Reports entries of the baseline with a higher count than the number of findings in the checked files.

Why is this bad:
  The original problem is fixed. If the entry stays, it hides the next mistake of the same kind.

How to fix:
  ``dreamerguard lint ... --prune-baseline`` removes such entries.

References:
  https://eslint.org/docs/latest/use/suppressions
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG904", "stale-baseline", Severity.WARNING)

_ENTRY = '{"file": "run.yaml", "rule": "low-train-ratio", "key": "run.train_ratio", "count": 1}'
_FILE = '{"version": 1, "findings": [\n' + _ENTRY + "\n]}\n"

GOOD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun.train_ratio: 32\n",
        files={"baseline.json": _FILE},
    )
]
BAD = [
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun.train_ratio: 512\n",
        files={"baseline.json": _FILE},
        mark=_ENTRY,
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports baseline entries that were not needed."""
    yield from rule.reported(run)
