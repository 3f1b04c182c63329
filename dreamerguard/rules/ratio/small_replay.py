"""The replay buffer holds only a few batches.

What it does:
  Reports a replay capacity below 20 batches in a run that is longer than the capacity. In dreamerv3-torch, a capacity
  below one episode of a task ``dmc_...`` is an error, in a trial too.

Why is this bad:
  Batches repeat the same steps, and old experience is lost at once. The published runs keep 500 000 steps or more.
  dreamerv3-torch erases every finished episode that does not fit as a whole. With none left, the next batch is searched
  for without an end.

How to fix:
  Raise the replay capacity. With images of 64 x 64, a million steps take 12 GiB.

References:
  https://arxiv.org/abs/2301.04104
  https://github.com/NM512/dreamerv3-torch/blob/main/tools.py (erase_over_episodes, sample_episodes)
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
    ),
    Example(
        TORCH_COMMAND,
        files=with_torch_preset("dataset_size: 400", "task: dmc_walker_walk", "action_repeat: 2"),
        mark="dataset_size: 400",
    ),
]

_FEW = 20
#: Frames of an episode of the DeepMind Control Suite.
_EPISODE = 1000
_LENGTH = ("action_repeat", "time_limit")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    capacity, budget = run.chosen("capacity"), run.budget
    if capacity is not None and 0 < capacity.number < (steps := _episode_steps(run)):
        yield rule.at(
            run.place(capacity),
            f"{capacity.key} is {spell_scalar(capacity.value)}, and an episode has {steps} steps: every finished"
            " episode is erased, and the program hangs at the next batch",
            key=capacity.key,
            severity=Severity.ERROR,
            help="the published runs keep 500 000 steps or more",
        )
        return
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


def _episode_steps(run: ResolvedRun) -> int:
    """Returns the agent steps of an episode that is erased as a whole; 0 where the length or the task is not known."""
    task = run.settings.get("task")
    if run.dialect != "nm512_torch" or task is None or not str(task.value).startswith("dmc_"):
        return 0
    repeat, limit = (item.number if (item := run.settings.get(key)) is not None else _EPISODE for key in _LENGTH)
    return int(min(limit, _EPISODE) / repeat) if repeat >= 1 and limit > 0 else 0
