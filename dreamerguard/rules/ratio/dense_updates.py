"""The run makes more gradient updates per agent step than any published run.

What it does:
  Reports two or more updates per agent step in runs of tasks without published settings. The highest published rate is
  one. For a task that only the checkout knows, it is information below 16 updates per agent step.

Why is this bad:
  The usual cause is a small batch at an unchanged train ratio. The ratio counts replayed steps, so a batch of 2 x 8 at
  ratio 32 makes two updates per step, each on 16 steps. The run takes many times as long, and the updates are noisy.

How to fix:
  Lower the train ratio in proportion to batch_size x batch_length.

References:
  https://github.com/danijar/dreamerv3/issues/148
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Harm, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import COMMAND, TORCH_COMMAND, with_preset, with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG123", "dense-updates", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("danijar", "nm512_torch")
)

GOOD = [Example(COMMAND, files=with_preset("batch_size: 2", "run.train_ratio: 64"))]
BAD = [
    Example(COMMAND, files=with_preset("batch_size: 2", "batch_length: 8"), mark="batch_size: 2"),
    Example(TORCH_COMMAND, files=with_torch_preset("batch_size: 2"), mark="batch_size: 2"),
]

#: From this number of updates per agent step on, the rate is a mistake for any task.
_EXTREME = 16

_ROLES: tuple[Role, ...] = ("batch_size", "batch_length", "train_ratio")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    budget = run.budget
    if budget is None or run.reference is not None or budget.updates_per_step < 2:
        return
    chosen = [item for role in _ROLES if (item := run.chosen(role)) is not None]
    if not chosen or any(preset.name == "debug" for preset in run.presets):
        return
    ratio = spell_scalar(budget.batch_steps / 2)
    times = f"{budget.updates_per_step:.3g} times the updates of the densest published run"
    yield rule.at(
        run.place(chosen[0]),
        f"the run makes {budget.updates_per_step:.3g} gradient updates per agent step,"
        f" each on {budget.batch_steps:.0f} steps",
        label=f"{run.roles['train_ratio']} is {spell_scalar(budget.train_ratio)}",
        key=chosen[0].key,
        harm=Harm("moderate", times) if budget.updates_per_step >= _EXTREME else None,
        help=f"set {run.roles['train_ratio']} to {ratio} for one update per two agent steps with this batch",
    )
