"""The named model size has no effect because every width is set separately.

What it does:
  Reports a ``size`` when the user sets all of its widths too.

Why is this bad:
  The run is not damaged, but the size name does not describe the trained model, and the results are filed under that
  name.

How to fix:
  Remove ``size`` or the widths.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG401", "overridden-size", Severity.INFO)

GOOD = [Example("dreamerguard train dmc_walker_walk size=size25m model.deter=4096")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk size=size25m model.deter=512 model.hidden=64 model.classes=4"
        " model.units=64 model.depth=4 suite=dmc_vision",
        mark="size=size25m",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks whether any width still comes from the size."""
    size = run.chosen("size")
    widths = run.widths.get(str(size.value), {}) if size is not None else {}
    settings = [run.settings[key] for key in widths if key in run.settings]
    spans = [setting.last.span for setting in settings]
    if size is None or not spans or None in spans:
        return
    yield rule.at(
        run.place(size),
        f"size {size.value} has no effect: every width is set separately",
        key=size.key,
        secondary=tuple(Label(span) for span in spans if span is not None),
    )
