"""The baseline lists a finding that is not there any more.

What it does:
  Reports entries of the baseline with a higher count than the files that were checked have findings.

Why is this bad:
  What it was written for is mended. Left in place, it will hide the next mistake of the same kind.

How to mend:
  ``dreamerguard lint ... --prune-baseline`` removes such entries.

References:
  https://eslint.org/docs/latest/use/suppressions
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
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
    """Passes on which entries were not needed."""
    yield from rule.reported(run)
