"""The replay buffer holds only a few batches.

What it does:
  Reports a replay capacity below 20 batches in a run that is longer than the capacity.

Why is this bad:
  Batches repeat the same steps, and old experience is lost at once. The published runs keep 500 000 steps or more.

How to fix:
  Raise the replay capacity. With images of 64 x 64, a million steps take 12 GiB.

References:
  https://arxiv.org/abs/2301.04104
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.text import number_of

rule = Rule("DG125", "small-replay", Severity.WARNING, dialects=("danijar", "nm512_torch"))

GOOD = [Example(TORCH_COMMAND, files=with_torch_preset("dataset_size: 100000"))]
BAD = [
    Example(
        TORCH_COMMAND,
        files=with_torch_preset("dataset_size: 16000", "train_ratio: 256"),
        mark="dataset_size: 16000",
    )
]

_FEW = 20


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    capacity, budget = run.chosen("capacity"), run.budget
    if capacity is None or budget is None or any(preset.name == "debug" for preset in run.presets):
        return
    script = run.settings.get("run.script") or run.settings.get("script")
    if script is not None and str(script.value).startswith("offline"):
        return  # a dataset is learned from, and the buffer is for evaluation
    batches = capacity.number / budget.batch_steps
    if 0 < batches < _FEW and capacity.number < budget.agent_steps:
        yield rule.at(
            run.place(capacity),
            f"{capacity.key} is {spell_scalar(capacity.value)}: the replay buffer holds only"
            f" {number_of(f'{batches:.3g}', 'batch', 'batches')}",
            key=capacity.key,
            help="the published runs keep 500 000 steps or more",
        )
