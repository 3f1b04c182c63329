"""The named size sets nothing, because every width is set by itself.

What it does:
  Notes a ``size`` whose every width the user sets too.

Why is this bad:
  Nothing is harmed, but the name says something else than what trains, and results get filed under it.

How to mend:
  Remove ``size`` or the widths.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.model import Finding, Label, Severity
from dreamerguard.core.run import ResolvedRun
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
        f"size {size.value} sets nothing: every width is set by itself",
        key=size.key,
        secondary=tuple(Label(span) for span in spans if span is not None),
    )
