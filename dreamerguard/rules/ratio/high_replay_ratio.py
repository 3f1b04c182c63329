"""The replay ratio makes many gradient updates per policy step.

What it does:
  Reports an ``algo.replay_ratio`` of sheeprl above 4 for a task without a published run to compare with.

Why is this bad:
  ``replay_ratio`` counts gradient updates per policy step; upstream's own experiments use 1/64 to 1. The run time is
  nearly proportional to it.

How to fix:
  Use 1 or less. Allow this rule where sample efficiency is worth the time.

References:
  https://github.com/Eclectic-Sheep/sheeprl/issues/288
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Evidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG109",
    "high-replay-ratio",
    Severity.WARNING,
    confidence=Confidence.MEDIUM,
    unless=("ratio-unit", "high-train-ratio"),
    dialects=("sheeprl",),
)

GOOD = [Example("sheeprl exp=dreamer_v3 env=gym env.id=MyEnv-v0 algo.replay_ratio=1")]
BAD = [Example("sheeprl exp=dreamer_v3 env=gym env.id=MyEnv-v0 algo.replay_ratio=10", mark="algo.replay_ratio=10")]

_MANY = 4
_REPORT = Evidence(
    "reported",
    "a CartPole run with replay_ratio 10 took hours",
    "https://github.com/Eclectic-Sheep/sheeprl/issues/288",
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at the ratio that the user chose."""
    setting = run.chosen("train_ratio")
    if setting is None or run.budget is None or setting.key != "algo.replay_ratio" or setting.number <= _MANY:
        return
    yield rule.at(
        run.place(setting),
        f"{setting.key} is {spell_scalar(setting.value)}: the run makes that many gradient updates per policy step,"
        f" {amount(run.budget.updates)} in total",
        label="usual: 1/64 to 1",
        key=setting.key,
        evidence=(_REPORT,),
    )
