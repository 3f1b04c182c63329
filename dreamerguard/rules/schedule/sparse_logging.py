"""The run logs too few points for a curve.

What it does:
  Reports a chosen interval that gives fewer than ten points: ``metric.log_every`` of sheeprl,
  ``trainer.update_log_every`` of r2dreamer, and ``log_every`` and ``eval_every`` of dreamerv3-torch. Also reports
  ``metric.log_level=0``, with which sheeprl logs nothing. Two evaluations or more are information.

Why is this bad:
  The run cannot be compared with a published curve, a failing run is noticed only at its end, and the last point may be
  far from the end. dreamerv3-torch writes a checkpoint only once per ``eval_every``.

How to fix:
  Log about a hundred times in a run. The intervals of dreamerv3-torch count frames; upstream's are 10 000.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.text import number_of

rule = Rule(
    "DG711",
    "sparse-logging",
    Severity.WARNING,
    unless=("zero-interval",),
    dialects=("nm512_torch", "r2dreamer", "sheeprl"),
)

GOOD = [
    Example("sheeprl exp=dreamer_v3 metric.log_every=50000"),
    Example("python dreamer.py --configs dmc_vision --eval_every 5e4 --logdir logs"),
]
BAD = [
    Example("sheeprl exp=dreamer_v3 metric.log_level=0", mark="metric.log_level=0"),
    Example("python train.py env=dmc_vision trainer.update_log_every=5e5", mark="trainer.update_log_every=5e5"),
    Example("python dreamer.py --configs dmc_vision --eval_every 5e5 --logdir logs", mark="--eval_every 5e5"),
]

_INTERVALS = {
    "nm512_torch": ("eval_every", "log_every"),
    "r2dreamer": ("trainer.update_log_every",),
    "sheeprl": ("metric.log_every",),
}
_FEW = 10
#: Evaluations from which their number is a choice: the episodes of training are logged too.
_EVALUATIONS = 2

#: Shorter runs are tests.
_LONG = 1e5


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Divides the length by the interval."""
    length = _length(run)
    if length is None:
        return
    level = run.settings.get("metric.log_level")
    if level is not None and level.value == 0 and level.last.kind == "command line":
        yield rule.at(run.place(level), "metric.log_level is 0: sheeprl logs nothing", key=level.key)
        return
    for name in _INTERVALS[run.dialect]:
        every = run.settings.get(name)
        if every is None or not every.chosen or not every.number > 0 or length / every.number >= _FEW:
            continue
        yield rule.at(
            run.place(every),
            f"{name} {spell_scalar(every.value)} gives {number_of(f'{length / every.number:.2g}', 'point')} in"
            f" {amount(length)} steps",
            key=name,
            severity=Severity.INFO if name == "eval_every" and length / every.number >= _EVALUATIONS else None,
        )


def _length(run: ResolvedRun) -> float | None:
    """Returns the run length in the unit of its intervals; None if it is unknown, or is that of a test."""
    if run.dialect == "nm512_torch":
        steps = run.setting("frames")
        return steps.number if steps is not None and steps.number >= _LONG else None
    if run.budget is None:
        return None
    return run.budget.agent_steps if run.units.length == "agent steps" else run.budget.frames
