"""The file cannot be read as one YAML mapping.

What it does:
  Reports text that is not YAML, is not UTF-8, holds a second document, nests deeper than 32 levels, repeats more than
  20 000 values through aliases, or carries a tag such as ``!!python/object``.

Why is this bad:
  Nothing of the file can take effect. Tags are refused because configuration holds plain values: nothing in it may
  choose what code runs.

How to mend:
  Indent with spaces, quote text that holds ``: ``, remove tags, keep one document in one file.

References:
  https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.model import Finding, Severity
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
    """Passes on what the reader refused."""
    yield from rule.reported(run)
