"""Clipped rewards mean something else here.

What it does:
  Points out that sheeprl's ``env.clip_rewards`` applies tanh.

Why is this bad:
  The usual Atari clipping takes the sign. With tanh rewards of 1 become 0.76, and large ones 1.

How to mend:
  DreamerV3 needs no clipping: leave it out.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/algos/dreamer_v3/dreamer_v3.py#L409
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG615", "reward-clip", Severity.INFO, dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3 env.clip_rewards=False")]
BAD = [Example("sheeprl exp=dreamer_v3 env.clip_rewards=True", mark="env.clip_rewards=True")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for the switch."""
    clip = run.settings.get("env.clip_rewards")
    if clip is not None and clip.chosen and clip.value is True and run.budget is not None:
        yield rule.at(run.place(clip), "env.clip_rewards applies tanh, not the sign", key=clip.key)
