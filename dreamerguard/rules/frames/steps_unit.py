"""The run length looks like frames instead of agent steps.

What it does:
  Reports a length that is exactly the task's published number of frames, in programs that count agent steps and for
  tasks with an action repeat above 1.

Why is this bad:
  The run is longer than the published run by a factor of the action repeat, and so is its cost.

How to fix:
  Divide by the action repeat: 400 000 frames of Atari100k are 100 000 agent steps.

References:
  https://github.com/danijar/dreamerv3/issues/125
  https://github.com/Eclectic-Sheep/sheeprl/issues/314
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/howto/work_with_steps.md
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG203", "steps-unit", Severity.WARNING, confidence=Confidence.MEDIUM, unless=("low-train-ratio",))

GOOD = [
    Example("sheeprl exp=dreamer_v3_100k_ms_pacman algo.total_steps=100000"),
    Example("python dreamerv3/main.py --configs atari100k --run.steps 1e5 --logdir logs"),
]
BAD = [
    Example(
        "sheeprl exp=dreamer_v3_100k_ms_pacman algo.total_steps=400000",
        mark="algo.total_steps=400000",
        fixed="sheeprl exp=dreamer_v3_100k_ms_pacman algo.total_steps=100000",
    ),
    Example("python dreamerv3/main.py --configs atari100k --run.steps 4e5 --logdir logs", mark="--run.steps 4e5"),
]

#: Frames of the benchmarks as the papers count them (https://arxiv.org/abs/2301.04104); presets train a little longer.
_PAPER = {"atari100k": 4e5, "atari": 2e8, "dmc_proprio": 5e5, "dmc_vision": 1e6}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the length with the published one in frames."""
    setting, expected, reference = run.chosen("frames"), run.expected("frames"), run.reference
    if setting is None or reference is None or run.units.length != "agent steps":
        return
    repeat = reference.budget.action_repeat
    exact = expected is not None and isinstance(expected.value, int | float) and setting.number == (
        expected.value * repeat
    )  # fmt: skip
    if repeat == 1 or not (exact or setting.number == _PAPER.get(reference.suite)):
        return
    correct = spell_scalar(expected.value if exact and expected is not None else setting.number / repeat)
    yield rule.at(
        run.place(setting),
        f"{setting.key} {spell_scalar(setting.value)} is the published length in frames;"
        f" in agent steps it is {correct}",
        label=f"{amount(setting.number * repeat)} frames at action repeat {spell_scalar(repeat)}",
        key=setting.key,
        severity=None if exact else Severity.INFO,
        fix=run.correct(setting, correct, f"set {setting.key} to {correct}") if exact else None,
        evidence=(published(setting.key, expected),) if exact and expected is not None else (),
    )
