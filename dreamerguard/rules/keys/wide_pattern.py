"""A pattern in a preset sets more keys than its text suggests.

What it does:
  Reports patterns that also match longer keys, because only the beginning of a key has to match.

Why is this bad:
  ``.*\\.act: relu`` sets every key that ends in ``.act``, and also ``agent.imag_loss.actent`` and ``run.actor_batch``.
  Where the types fit, the other keys change silently. Where they do not, the program stops.

How to fix:
  End the pattern with ``$``. On the command line, the whole key has to match, so no change is needed there.

References:
  https://github.com/danijar/elements/blob/b781f90/elements/config.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG314", "wide-pattern", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("danijar",))

GOOD = [
    Example(COMMAND, files=with_preset("run\\.eval_e.*$: 2")),
    Example(COMMAND, files=with_preset(".*\\.debug$: True")),
]
BAD = [
    Example(
        COMMAND,
        files=with_preset(".*(seed|report): 4"),
        mark=".*(seed|report): 4",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving the run kept for this rule."""
    yield from rule.reported(run)
