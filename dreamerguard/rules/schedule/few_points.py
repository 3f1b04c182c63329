"""The run leaves no curve to judge it by.

What it does:
  Reports sheeprl's ``metric.log_level=0``, and a chosen logging interval that gives fewer than ten points.

Why is this bad:
  Nothing can be compared with a published curve, and a run that fails is noticed at its end.

How to mend:
  Log about a hundred times in a run.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.rules.words import amount
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG711", "few-points", Severity.WARNING, dialects=("r2dreamer", "sheeprl"))

GOOD = [Example("sheeprl exp=dreamer_v3 metric.log_every=50000")]
BAD = [
    Example("sheeprl exp=dreamer_v3 metric.log_level=0", mark="metric.log_level=0"),
    Example("python train.py env=dmc_vision trainer.update_log_every=5e5", mark="trainer.update_log_every=5e5"),
]

_FEW = 10


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Divides the length by the interval."""
    if run.budget is None:
        return
    level = run.settings.get("metric.log_level")
    if level is not None and level.value == 0 and level.last.kind == "command line":
        yield rule.at(run.place(level), "metric.log_level 0 logs nothing", key=level.key)
        return
    every = run.settings.get("metric.log_every" if run.dialect == "sheeprl" else "trainer.update_log_every")
    length = run.budget.agent_steps if run.units.length == "agent steps" else run.budget.frames
    if every is None or not every.chosen or not every.number > 0 or length / every.number >= _FEW:
        return
    yield rule.at(
        run.place(every),
        f"{every.key} {spell_scalar(every.value)} gives {int(length // every.number)} points in {amount(length)} steps",
        key=every.key,
    )
