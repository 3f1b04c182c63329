"""The program converts the value to another one without a message.

What it does:
  Reports values in presets that change when the program converts them to the type of the default: any text becomes true
  for a boolean, text becomes a list of letters for a list, and an empty value becomes the text ``None``. It is
  information where the value keeps its meaning: an empty value, and true that becomes the text ``True``.

Why is this bad:
  ``no`` switches on the option that it should switch off. The program reports no error, but the run differs from the
  file.

How to fix:
  Write ``True`` or ``False`` for a boolean, a list in brackets, and text where text is expected.

References:
  https://github.com/danijar/elements/blob/b781f90/elements/config.py
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG313", "silent-conversion", Severity.WARNING, dialects=("danijar",))

GOOD = [Example(COMMAND, files=with_preset("errfile: True"))]
BAD = [
    Example(COMMAND, files=with_preset("errfile: no"), mark="errfile: no"),
    Example(
        COMMAND,
        files=with_preset("logger.outputs: wandb"),
        mark="logger.outputs: wandb",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports converted values. An empty value or ``true`` that becomes text is information."""
    for finding in rule.reported(run):
        mild = "an empty value" in finding.message or "true becomes the text" in finding.message
        yield replace(finding, severity=Severity.INFO) if mild else finding
