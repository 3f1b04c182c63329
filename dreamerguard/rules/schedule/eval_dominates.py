"""Evaluation takes more environment steps than training.

What it does:
  Multiplies r2dreamer's evaluation episodes by the time limit and compares with the frames between two evaluations,
  when the user chose one of them.

Why is this bad:
  Most of the run's time goes into evaluation.

How to mend:
  Evaluate less often, or with fewer episodes.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/trainer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Confidence, Finding, Label, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.rules.words import amount, times

rule = Rule("DG712", "eval-dominates", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("r2dreamer",))

GOOD = [Example("python train.py env=dmc_vision trainer.eval_every=2e4")]
BAD = [Example("python train.py env=dmc_vision trainer.eval_every=1000", mark="trainer.eval_every=1000")]

_MANY = 3


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares both numbers of frames."""
    every, limit = run.settings.get("trainer.eval_every"), run.settings.get("env.time_limit")
    episodes = run.settings.get("env.eval_episode_num")
    if every is None or limit is None or episodes is None or not every.number > 0:
        return
    chosen = [item for item in (every, episodes, limit) if item.chosen]
    frames = episodes.number * limit.number
    if not chosen or not frames > _MANY * every.number:
        return
    yield rule.at(
        run.place(chosen[0]),
        f"an evaluation takes up to {amount(frames)} frames every {amount(every.number)}:"
        f" {times(frames / every.number)} the frames of training",
        key=chosen[0].key,
        secondary=tuple(Label(run.place(item), "and this") for item in chosen[1:]),
    )
