"""The setting has no effect in this run.

What it does:
  Reports a setting that the run never reads because of another setting: image settings with vector observations, the
  length of a constant schedule, the episodes of an evaluation that never happens.

Why is this bad:
  The run is not damaged, but the setting changes nothing.

How to fix:
  Remove the setting, or enable the option that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG309", "no-effect", Severity.INFO)

GOOD = [
    Example("dreamerguard train dmc_walker_walk suite=dmc_vision env.image_size=96"),
    Example("dreamerguard train dmc_walker_walk eval.every=1e5 eval.episodes=5"),
]
BAD = [
    Example("dreamerguard train dmc_walker_walk env.image_size=96", mark="env.image_size=96"),
    Example("dreamerguard train dmc_walker_walk eval.episodes=5", mark="eval.episodes=5"),
    Example("dreamerguard train dmc_walker_walk optimizer.anneal=100000", mark="optimizer.anneal=100000"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for settings of the user that the run does not read."""
    for condition in run.conditions:
        other = run.settings.get(condition.other)
        if other is None or condition.holds(other.value):
            continue
        for key in condition.keys:
            setting = run.settings.get(key)
            if setting is None or setting.last.span is None or setting.last.kind == "defaults":
                continue
            span = other.last.span
            needed = " or ".join(spell_scalar(value) for value in condition.values)
            yield rule.at(
                setting.last.span,
                f"{key} has no effect while {other.key} is {spell_scalar(other.value)}",
                key=key,
                secondary=(Label(span, "set here"),) if span is not None else (),
                help=f"it is read when {other.key} is {needed}" if needed else f"set {other.key} to use it",
            )
