"""The length looks like frames, and the program counts agent steps.

What it does:
  Notes ``run.steps`` that is exactly the published number of frames of a task with an action repeat.

Why is this bad:
  One agent step lasts ``repeat`` frames, so the run is longer than the published one by that factor.

How to mend:
  Divide by the action repeat: 400 000 frames of Atari100k are 100 000 agent steps.

References:
  https://github.com/danijar/dreamerv3/issues/125
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Confidence, Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.rules.words import amount
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG223", "frames-for-steps", Severity.INFO, confidence=Confidence.MEDIUM, dialects=("danijar",))

GOOD = [Example("python dreamerv3/main.py --configs atari100k --run.steps 1e5 --logdir logs")]
BAD = [
    Example("python dreamerv3/main.py --configs atari100k --run.steps 4e5 --logdir logs", mark="--run.steps 4e5"),
]

#: Frames of the benchmarks as the papers count them (https://arxiv.org/abs/2301.04104).
_FRAMES = {"atari100k": 4e5, "atari": 2e8, "dmc_proprio": 5e5, "dmc_vision": 1e6}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    steps, repeat = run.chosen("frames"), run.setting("action_repeat")
    task = str(run.reference.suite) if run.reference is not None else ""
    frames = _FRAMES.get(task)
    if steps is None or repeat is None or frames is None or repeat.number <= 1 or steps.number != frames:
        return
    yield rule.at(
        run.place(steps),
        f"{steps.key} {spell_scalar(steps.value)} is the published number of frames; in agent steps that is"
        f" {spell_scalar(frames / repeat.number)}",
        label=f"{amount(frames * repeat.number)} frames at action repeat {spell_scalar(repeat.value)}",
        key=steps.key,
    )
