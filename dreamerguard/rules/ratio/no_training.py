"""The train ratio is zero, so the agent never trains.

What it does:
  Reports a train ratio of zero, under the key of each program.

Why is this bad:
  The agent acts with its initial weights until the end of the run. The program reports no error, and the agent learns
  nothing. dreamerv3-torch and r2dreamer divide by the ratio, so they stop at once.

How to fix:
  Leave the setting out, so that the task's ratio applies. To only collect episodes of a trained agent, use
  ``dreamerguard eval``.

References:
  https://github.com/danijar/daydreamer/issues/8
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/trainer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Harm, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.right_ratio import right_ratio
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG104", "no-training", Severity.ERROR, unless=("negative-ratio",))

GOOD = [Example("dreamerguard train dmc_walker_walk")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk run.train_ratio=0",
        mark="run.train_ratio=0",
        fixed="dreamerguard train dmc_walker_walk run.train_ratio=512",
    ),
    Example(
        "python train.py env=dmc_vision env.train_ratio=0",
        mark="env.train_ratio=0",
        fixed="python train.py env=dmc_vision env.train_ratio=512",
    ),
]

_DIVIDING = ("nm512_torch", "r2dreamer")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for a ratio of zero."""
    setting, right = run.setting("train_ratio"), right_ratio(run)
    if setting is None or setting.number != 0 or (run.budget is not None and run.budget.train_ratio != 0):
        return
    divides = run.dialect in _DIVIDING
    yield rule.at(
        run.place(setting),
        f"{setting.key} is 0: {'the program divides by it and stops' if divides else 'the agent never trains'}",
        label=f"expected {right}" if right is not None else "",
        key=setting.key,
        fix=run.correct(setting, right.text, f"set {setting.key} to {right.text}") if right is not None else None,
        harm=Harm("severe", "no gradient update at all", 0.0),
    )
