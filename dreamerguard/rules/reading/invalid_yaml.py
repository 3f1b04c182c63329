"""The file cannot be read as one YAML mapping.

What it does:
  Reports text that is not YAML, is not UTF-8, has a second document, nests deeper than 32 levels, repeats more than 20
  000 values through aliases, or has a tag such as ``!!python/object``.

Why is this bad:
  Nothing in the file can take effect. Tags are refused because a configuration holds plain values: nothing in it may
  choose which code runs.

How to fix:
  Indent with spaces, quote text that contains ``: ``, remove tags, and keep one document per file.

References:
  https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG001", "invalid-yaml", Severity.ERROR)

GOOD = [Example("dreamerguard train run.yaml", file="task: dmc_walker_walk\nrun:\n  frames: 5e5\n")]
BAD = [
    Example("dreamerguard train run.yaml", file="task: dmc_walker_walk\nrun:\n\tframes: 5e5\n", mark="\t"),
    Example(
        "dreamerguard train run.yaml", file="task: !!python/name:os.system ''\n", mark="!!python/name:os.system ''"
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that reading the files kept for this rule."""
    yield from rule.reported(run)
