"""A pattern is no regular expression.

What it does:
  Reports keys of a preset with characters that make them a pattern, and that cannot be read as one.

Why is this bad:
  The program stops when the preset is selected.

How to mend:
  Escape the character, ``\\.`` for a dot, or remove it if no pattern was meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.model import Finding, Severity
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
    """Passes on patterns that do not compile."""
    yield from rule.reported(run)
