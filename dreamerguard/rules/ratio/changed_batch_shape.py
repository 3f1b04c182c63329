"""The batch shape changes the update rate because the train ratio was not adapted.

What it does:
  Compares the updates per agent step with the published number when batch_size x batch_length differs and the train
  ratio was not adapted.

Why is this bad:
  The train ratio counts replayed steps. At a fixed ratio, a smaller batch makes more updates per agent step, which
  costs time; below 8 times the updates, this is information. A larger batch makes fewer updates; for programs without
  ``purpose``, this is information if the run keeps 40 % of the published number.

How to fix:
  Keep the published 16 x 64. To keep the number of updates with another shape, multiply ``run.train_ratio`` by the same
  factor as batch_size x batch_length.

References:
  https://github.com/danijar/dreamerv3/issues/148
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Evidence, Finding, Harm, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import share, times
from dreamerguard.rules.helpers.score_cost import keeps_most_updates, update_harm
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG106", "changed-batch-shape", Severity.WARNING, unless=("low-train-ratio", "ratio-unit", "no-training"))

GOOD = [
    Example("dreamerguard train dmc_walker_walk replay.batch_size=32 replay.batch_length=32"),
    Example("dreamerguard train dmc_walker_walk replay.batch_size=32 run.train_ratio=1024"),
]
BAD = [
    Example("dreamerguard train dmc_walker_walk replay.batch_size=1", mark="replay.batch_size=1"),
    Example("dreamerguard train dmc_walker_walk replay.batch_length=256", mark="replay.batch_length=256"),
]

#: More updates cost time and no score: from this factor on, a run takes so long that it is a mistake.
_SLOW = 8.0

_SHAPE: tuple[Role, ...] = ("batch_size", "batch_length")
_ISSUE = Evidence(
    "reported",
    "batch_size 1 at ratio 512 ran at 2 frames per second on an A100",
    "https://github.com/danijar/dreamerv3/issues/148",
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares updates per agent step."""
    chosen = [item for role in _SHAPE if (item := run.chosen(role)) is not None]
    if run.budget is None or run.reference is None or not chosen:
        return
    factor = run.budget.updates_per_step / run.reference.budget.updates_per_step
    shape = run.budget.batch_steps / run.reference.budget.batch_steps
    harm, evidence = update_harm(run)
    # A smaller batch can only make more updates, a larger one fewer: otherwise the ratio itself is the cause.
    if 0.75 < shape < 1.34 or (shape < 1 and factor < 2) or (shape > 1 and (factor > 0.5 or harm is None)):
        return
    yield _finding(run, chosen, factor, harm, evidence)


def _finding(
    run: ResolvedRun, chosen: list[Setting], factor: float, harm: Harm | None, evidence: tuple[Evidence, ...]
) -> Finding:
    assert run.budget is not None and run.reference is not None
    more = factor > 1
    change = f"{times(factor)} the updates" if more else f"{share(factor)} of the updates"
    ratio = spell_scalar(run.budget.batch_steps * run.reference.budget.updates_per_step)
    cost = Harm("moderate", f"{times(factor)} the updates per agent step, so about {times(factor)} the training time")
    return rule.at(
        run.place(chosen[0]),
        f"a batch of {spell_scalar(run.budget.batch_size)} x {spell_scalar(run.budget.batch_length)} steps at train"
        f" ratio {spell_scalar(run.budget.train_ratio)} makes {change} per agent step",
        severity=Severity.INFO if 1 < factor < _SLOW or (not more and keeps_most_updates(run)) else None,
        label=f"published: {spell_scalar(run.reference.budget.batch_size)}"
        f" x {spell_scalar(run.reference.budget.batch_length)}",
        key=chosen[0].key,
        secondary=tuple(Label(run.place(item), "also changes the batch") for item in chosen[1:]),
        evidence=(*evidence, _ISSUE) if more else evidence,
        harm=harm or cost,
        help=f"a train ratio of {ratio} keeps the task's updates per agent step with this batch",
    )
