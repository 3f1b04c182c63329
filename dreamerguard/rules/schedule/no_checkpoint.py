"""The run saves no checkpoint.

What it does:
  Reports sheeprl runs that save no checkpoint: the interval is longer than the run, and the last checkpoint is
  disabled.

Why is this bad:
  The trained agent is lost at the end of the run.

How to fix:
  Set ``checkpoint.save_last=True``, or a shorter ``checkpoint.every``.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/algos/dreamer_v3/dreamer_v3.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG713", "no-checkpoint", Severity.WARNING, unless=("smoke-test-settings",), dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3 checkpoint.every=10000000")]
BAD = [
    Example(
        "sheeprl exp=dreamer_v3 checkpoint.every=10000000 checkpoint.save_last=False",
        mark="checkpoint.every=10000000",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the interval with the length."""
    every, last = run.settings.get("checkpoint.every"), run.settings.get("checkpoint.save_last")
    if every is None or last is None or run.budget is None or last.value is not False:
        return
    if every.number > run.budget.agent_steps:
        yield rule.at(
            run.place(every) if every.chosen else run.place(last),
            f"the run saves no checkpoint: {every.key} {spell_scalar(every.value)} is longer than the run,"
            " and save_last is off",
            key=every.key,
        )
