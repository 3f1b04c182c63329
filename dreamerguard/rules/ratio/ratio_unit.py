"""The train ratio is written in the unit of another program.

What it does:
  Reports a train ratio between 0 and 1 on a task that was published with 16 or more, and a ``replay_ratio`` of sheeprl
  of 16 or more.

Why is this bad:
  The ``replay_ratio`` of sheeprl counts gradient updates per agent step. The train ratio of the other programs counts
  replayed agent steps per agent step. One update replays batch_size x batch_length steps, 1024 by default. A value
  copied from sheeprl therefore trains about a thousand times too little.

How to fix:
  Multiply by batch_size x batch_length: ``replay_ratio`` 0.5 is ``run.train_ratio`` 512. In the other direction,
  divide.

References:
  https://github.com/Eclectic-Sheep/sheeprl/issues/321
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.budget import Budget
from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.helpers.score_cost import update_harm
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.text import number_of

rule = Rule("DG105", "ratio-unit", Severity.ERROR, confidence=Confidence.MEDIUM)

GOOD = [Example("dreamerguard train dmc_walker_walk run.train_ratio=512")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk run.train_ratio=0.5",
        mark="run.train_ratio=0.5",
        fixed="dreamerguard train dmc_walker_walk run.train_ratio=512",
    ),
    Example(
        "sheeprl exp=dreamer_v3 algo.replay_ratio=32",
        mark="algo.replay_ratio=32",
        fixed="sheeprl exp=dreamer_v3 algo.replay_ratio=0.03125",
    ),
]

#: The smallest train ratio of danijar/dreamerv3's presets; more updates per step are not intended.
_PASTED = 16


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for a ratio below 1 where the task's is at least 16."""
    setting, expected, budget = run.chosen("train_ratio"), run.expected("train_ratio"), run.budget
    if setting is None or budget is None:
        return
    if run.units.ratio == "updates":
        yield from _in_updates(run, setting, budget)
        return
    if expected is None or run.reference is None:
        return
    if not 0 < budget.train_ratio < 1 or run.reference.budget.train_ratio < 16:
        return
    if budget.train_ratio * budget.batch_steps < 1:  # it would be too low in the other unit, too
        return
    meant = spell_scalar(budget.train_ratio * budget.batch_steps)
    harm, evidence = update_harm(run)
    yield rule.at(
        run.place(setting),
        f"{setting.key} is {spell_scalar(setting.value)}, which is one update per"
        f" {amount(budget.steps_per_update)} agent steps",
        label=f"{meant} means {number_of(spell_scalar(setting.value), 'update')} per agent step",
        key=setting.key,
        fix=run.correct(setting, meant, f"set {setting.key} to {meant}"),
        evidence=evidence,
        harm=harm,
    )


def _in_updates(run: ResolvedRun, setting: Setting, budget: Budget) -> Iterator[Finding]:
    """Looks for a ratio of 16 and more where gradient updates per agent step are counted."""
    if not setting.number >= _PASTED or setting.key != "algo.replay_ratio":
        return
    meant = spell_scalar(setting.number / budget.batch_steps)
    yield rule.at(
        run.place(setting),
        f"{setting.key} is {spell_scalar(setting.value)}: the run makes that many gradient updates per policy step",
        label=f"{meant} means {spell_scalar(setting.value)} replayed steps per policy step",
        key=setting.key,
        fix=run.correct(setting, meant, f"set {setting.key} to {meant}"),
    )
