"""The image size does not fit the network.

What it does:
  Reports a sheeprl ``env.screen_size`` that is no power of two.

Why is this bad:
  The program raises ValueError.

How to mend:
  Use 64 or 128.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/algos/dreamer_v3/dreamer_v3.py#L371
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG613", "image-shape", Severity.ERROR, dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3 env.screen_size=128")]
BAD = [Example("sheeprl exp=dreamer_v3 env.screen_size=84", mark="env.screen_size=84")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Tests the size."""
    size = run.setting("image_size")
    if size is None or run.budget is None or not size.number >= 1 or not size.number.is_integer():
        return
    if int(size.number) & (int(size.number) - 1):
        yield rule.at(
            run.place(size),
            f"{size.key} is {spell_scalar(size.value)}; it must be a power of two",
            label="64 or 128",
            key=size.key,
        )
