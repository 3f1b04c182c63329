"""The run makes fewer gradient updates per agent step than any published run.

What it does:
  Reports less than one gradient update per 100 agent steps in runs of tasks without published settings. The lowest
  published rate is one in 64, for Minecraft and DMLab in 2023; current long Atari and Minecraft runs have one in 32.
  A train ratio of 32 or more in larger batches is left alone: each step is replayed as often as in published runs.

Why is this bad:
  A new task seldom needs fewer updates than a run of 100 million steps. With little data, each step must be used more
  often.

How to fix:
  Raise the train ratio: it is updates per agent step times batch_size x batch_length. With many environments on a fast
  simulator, a low ratio is a fair choice; the rule reports nothing from 64 environments on.

References:
  https://arxiv.org/abs/2301.04104
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG122",
    "rare-updates",
    Severity.WARNING,
    confidence=Confidence.MEDIUM,
    unless=("online-replay", "no-training", "ratio-unit"),
    dialects=("danijar", "nm512_torch"),
)

GOOD = [
    Example(COMMAND, files=with_preset("run.train_ratio: 16", "run.steps: 2e5")),
    Example(COMMAND, files=with_preset("run.train_ratio: 6", "run.envs: 128")),
    Example(COMMAND, files=with_preset("run.train_ratio: 32", "batch_length: 256", "run.steps: 2e5")),
]
BAD = [Example(COMMAND, files=with_preset("run.train_ratio: 6", "run.steps: 2e5"), mark="run.train_ratio: 6")]

_RATE = 1 / 100
_MANY = 64
#: Replayed steps per agent step of the published runs that replay least, but for Minecraft's 16.
_RATIO = 32
_ENDLESS = 1e9


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    budget, envs, setting = run.budget, run.setting("envs"), run.chosen("train_ratio")
    cause = setting or run.chosen("batch_size") or run.chosen("batch_length")
    if budget is None or run.reference is not None or cause is None or not 0 < budget.updates_per_step < _RATE:
        return
    if budget.updates_per_step * budget.batch_steps >= _RATIO:
        return  # as many replayed steps as published, in larger batches
    if (envs is not None and envs.number >= _MANY) or any(preset.name == "debug" for preset in run.presets):
        return
    total = f", {amount(budget.updates)} in total" if budget.trains and budget.agent_steps < _ENDLESS else ""
    yield rule.at(
        run.place(cause),
        f"the run makes one gradient update per {amount(budget.steps_per_update)} agent steps{total}",
        label="a lower rate than in any published run",
        key=cause.key,
        help=f"set {run.roles['train_ratio']} to {spell_scalar(budget.batch_steps / 32)} for one update per 32 steps",
    )
