"""The command changes the batch but not the train ratio.

What it does:
  Compares the batch of the command with the batch of the files, for a task without a published run. It reports four
  times as many steps or more, or a quarter of the steps or fewer, at an unchanged train ratio.

Why is this bad:
  The train ratio counts replayed steps. A batch with 48 times as many steps makes 1/48 of the updates.

How to fix:
  Multiply the train ratio by the same factor, or allow this rule if you want the changed number of updates.

References:
  https://github.com/danijar/dreamerv3/issues/148
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.core.values import as_number, spell_scalar
from dreamerguard.rules.helpers.example_files import R2_COMMAND, with_r2_env
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG113",
    "unadapted-ratio",
    Severity.WARNING,
    confidence=Confidence.MEDIUM,
    unless=("changed-batch-shape", "low-train-ratio"),
    dialects=("r2dreamer",),
)

GOOD = [Example(f"{R2_COMMAND} batch_size=384 env.train_ratio=12288", files=with_r2_env())]
BAD = [Example(f"{R2_COMMAND} batch_size=384", files=with_r2_env(), mark="batch_size=384")]

_FACTOR = 4


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the batch steps before and after the command's overrides."""
    ratio, budget = run.setting("train_ratio"), run.budget
    if run.reference is not None or budget is None or ratio is None:
        return
    if ratio.last.kind == "command line":
        return
    factor = 1.0
    changed = []
    roles: tuple[Role, ...] = ("batch_size", "batch_length")
    for role in roles:
        setting = run.setting(role)
        if setting is None or setting.last.kind != "command line" or len(setting.chain) < 2:
            continue
        before = as_number(setting.chain[-2].value)
        if before > 0:
            factor *= setting.number / before
            changed.append(setting)
    if not changed or 1 / _FACTOR < factor < _FACTOR:
        return
    yield rule.at(
        run.place(changed[0]),
        f"{ratio.key} stays {spell_scalar(ratio.value)} with a batch of {spell_scalar(budget.batch_steps)} steps:"
        f" one update per {amount(budget.steps_per_update)} agent steps, {amount(budget.updates)} in total",
        key=changed[0].key,
        help=f"{ratio.key}={spell_scalar(ratio.number * factor)} keeps the number of updates of the files",
    )
