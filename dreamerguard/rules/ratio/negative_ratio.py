"""The train ratio stops the program.

What it does:
  Reports a negative ``algo.replay_ratio`` of sheeprl, and a zero ``trainer.train_ratio`` of r2dreamer.

Why is this bad:
  sheeprl raises ValueError for a negative ratio. r2dreamer divides by the ratio before it trains.

How to mend:
  Leave the setting out: the preset's value applies.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/utils/utils.py
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/trainer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG110", "negative-ratio", Severity.ERROR, dialects=("r2dreamer", "sheeprl"))

GOOD = [Example("sheeprl exp=dreamer_v3 algo.replay_ratio=1")]
BAD = [
    Example("sheeprl exp=dreamer_v3 algo.replay_ratio=-1", mark="algo.replay_ratio=-1"),
    Example("python train.py env=dmc_vision env.train_ratio=0", mark="env.train_ratio=0"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the ratio with 0."""
    setting = run.setting("train_ratio")
    if setting is None:
        return
    stops = setting.number < 0 if run.dialect == "sheeprl" else setting.number == 0
    if stops:
        yield rule.at(
            run.place(setting),
            f"{setting.key} {spell_scalar(setting.value)} stops the program before it trains",
            key=setting.key,
        )
