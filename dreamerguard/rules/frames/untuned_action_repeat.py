"""The default action repeat of the environment differs from the benchmark's.

What it does:
  Reports ``env=dmc`` of sheeprl with its default action repeat of 1, when no experiment sets another value. It is
  information in a checkout, whose own file of the environment says 1.

Why is this bad:
  The DreamerV3 paper and upstream's own walker experiment repeat every action twice, and tune the replay ratio for it.
  With 1, the run makes twice as many decisions for the same frames, and its scores are not comparable.

How to fix:
  Add ``env.action_repeat=2``, or start from ``exp=dreamer_v3_dmc_walker_walk``.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/configs/exp/dreamer_v3_dmc_walker_walk.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG205",
    "untuned-action-repeat",
    Severity.WARNING,
    confidence=Confidence.MEDIUM,
    unless=("low-train-ratio", "changed-action-repeat", "learning-starts"),
    dialects=("sheeprl",),
)

GOOD = [Example("sheeprl exp=dreamer_v3_dmc_walker_walk")]
BAD = [Example("sheeprl exp=dreamer_v3 env=dmc", mark="env=dmc")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the default of the chosen environment with the benchmark's."""
    repeat, expected = run.setting("action_repeat"), run.expected("action_repeat")
    chosen = next((item for item in run.presets if item.name == "env=dmc"), None)
    if repeat is None or expected is None or chosen is None or repeat.chosen or repeat.value == expected.value:
        return
    if not repeat.last.name.startswith("env/"):
        return
    right = spell_scalar(expected.value)
    yield rule.at(
        chosen.span,
        f"env=dmc has {repeat.key} {spell_scalar(repeat.value)}; upstream's own DMC experiment uses {right}",
        key=repeat.key,
        severity=Severity.INFO if run.seen else None,
        evidence=(published(repeat.key, expected),),
        help=f"add {repeat.key}={right}, or start from exp=dreamer_v3_dmc_walker_walk",
    )
