"""A setting for a smoke test is active.

What it does:
  Reports ``dry_run`` and ``exp=dreamer_v3_benchmarks`` of sheeprl.

Why is this bad:
  ``dry_run`` ends the run after one iteration. The benchmark experiment measures speed with a network of 8 units for 16
  384 steps; its score means nothing.

How to fix:
  Leave ``dry_run`` out, and choose the experiment of your task.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/configs/exp/dreamer_v3_benchmarks.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG114", "smoke-test-settings", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3 dry_run=False")]
BAD = [
    Example("sheeprl exp=dreamer_v3 dry_run=True", mark="dry_run=True"),
    Example("sheeprl exp=dreamer_v3_benchmarks", mark="exp=dreamer_v3_benchmarks"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for the two settings."""
    trial = run.settings.get("dry_run")
    if trial is not None and trial.value is True:
        yield rule.at(run.place(trial), "dry_run ends the run after one iteration", key="dry_run")
    chosen = next((item for item in run.presets if item.name == "exp=dreamer_v3_benchmarks"), None)
    if chosen is not None:
        yield rule.at(
            chosen.span,
            "dreamer_v3_benchmarks only measures speed, with a network of 8 units for 16384 steps",
            key="exp",
            severity=Severity.INFO,
        )
