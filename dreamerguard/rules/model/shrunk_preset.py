"""The preset has the name of an upstream preset and a far smaller network.

What it does:
  Reports a preset of a fork of danijar/dreamerv3 with upstream's name and a much smaller recurrent state: an eighth or
  less for a name such as ``size12m``, a 64th or less for the preset of a suite. Presets for debugging are not reported.

Why is this bad:
  Usually the values were edited for a test and never restored. Every command with ``--configs size12m``, and every
  preset that merges the block, trains a network that cannot learn the task.

How to fix:
  Restore the values, or give the small network another name.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/dreamerv3/configs.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG412", "shrunk-preset", Severity.WARNING, dialects=("danijar",))

_COMMAND = "python dreamerv3/main.py --configs size12m"


def _files(name: str, deter: int) -> dict[str, str]:
    """A checkout with a preset that sets the recurrent state."""
    text = with_preset(f"agent.dyn.rssm.deter: {deter}")["dreamerv3/configs.yaml"]
    text = text.replace("imag_length: 15", "imag_length: 15\n    dyn: {rssm: {deter: 8192}}")
    return {"dreamerv3/configs.yaml": text.replace("mine:", f"{name}:")}


GOOD = [
    Example(_COMMAND, files=_files("size12m", 2048)),
    Example(_COMMAND, files=_files("size12m", 1024)),
    Example("python dreamerv3/main.py --configs debug_size", files=_files("debug_size", 8)),
]
BAD = [Example(_COMMAND, files=_files("size12m", 8), mark="agent.dyn.rssm.deter: 8")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
