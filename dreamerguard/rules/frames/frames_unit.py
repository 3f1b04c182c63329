"""The run length looks like agent steps instead of frames.

What it does:
  Reports a length that is exactly the task's published length divided by its action repeat.

Why is this bad:
  ``run.frames`` counts environment frames, like the papers and the published curves. danijar/dreamerv3 and sheeprl
  count agent steps in their own settings. A number copied from there makes the run shorter by a factor of the action
  repeat.

How to fix:
  Multiply by ``env.action_repeat``.

References:
  https://github.com/danijar/dreamerv3/issues/125
  https://github.com/Eclectic-Sheep/sheeprl/issues/314
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.helpers.score_cost import update_harm
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG201",
    "frames-unit",
    Severity.WARNING,
    confidence=Confidence.MEDIUM,
    unless=("low-train-ratio", "no-training", "ratio-unit", "run-too-short"),
)

GOOD = [Example("dreamerguard train dmc_walker_walk run.frames=500000")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk run.frames=2.5e5",
        mark="run.frames=2.5e5",
        fixed="dreamerguard train dmc_walker_walk run.frames=500000",
    ),
    Example(
        "dreamerguard train atari100k_pong run.frames=1.1e5 edition=head",
        mark="run.frames=1.1e5",
        fixed="dreamerguard train atari100k_pong run.frames=440000 edition=head",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the length with the published one in agent steps."""
    setting, expected = run.chosen("frames"), run.expected("frames")
    if setting is None or expected is None or run.reference is None or run.budget is None or run.purpose == "short":
        return
    if run.units.length != "frames":
        return
    repeat, frames = run.reference.budget.action_repeat, run.reference.budget.frames
    if repeat == 1 or abs(run.budget.frames * repeat - frames) > 0.001 * frames:
        return
    harm, evidence = update_harm(run)
    correct = spell_scalar(expected.value)
    yield rule.at(
        run.place(setting),
        f"{setting.key} {spell_scalar(setting.value)} is the published length of {run.reference.task} in agent steps;"
        f" in frames it is {correct}",
        label=f"{amount(run.budget.agent_steps)} agent steps at action repeat {spell_scalar(run.budget.action_repeat)}",
        key=setting.key,
        fix=run.correct(setting, correct, f"set {setting.key} to {correct}"),
        evidence=(published(setting.key, expected), *evidence),
        harm=harm,
    )
