"""A pattern is not a valid regular expression.

What it does:
  Reports keys of a preset that contain pattern characters and are not valid regular expressions.

Why is this bad:
  The program stops when the preset is selected.

How to fix:
  Escape the character, ``\\.`` for a dot, or remove it if no pattern was intended.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG315", "invalid-pattern", Severity.ERROR, dialects=("danijar",))

GOOD = [Example(COMMAND, files=with_preset(".*\\.debug$: True"))]
BAD = [
    Example(
        COMMAND,
        files=with_preset("'run.(log_every': 60"),
        mark="'run.(log_every'",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
