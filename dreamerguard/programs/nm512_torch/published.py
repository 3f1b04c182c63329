"""Budget, reference and replay buffer of a dreamerv3-torch run.

``steps`` counts frames and is divided by the action repeat; ``prefill`` counts agent steps and is not. The loop ends at
the first evaluation after ``steps + eval_every`` frames, and training begins with ``pretrain`` updates
(NM512/dreamerv3-torch at 6ef8646, ``dreamer.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from dreamerguard.core.arithmetic import round_up
from dreamerguard.core.budget import Budget, replay_bytes, usable_budget
from dreamerguard.core.published import PublishedCurve, PublishedRun, PublishedValue
from dreamerguard.core.source import Value
from dreamerguard.core.values import as_number
from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.programs.shared.known_tasks import is_own_task
from dreamerguard.programs.shared.published_task import published_curve
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.programs.shared.task_names import is_known_task, suite_of

_PRESETS = {"atari": "atari100k", "crafter": "crafter", "minecraft": "minecraft", "memorymaze": "memorymaze"}
_KEYS = ("steps", "train_ratio", "action_repeat", "batch_size", "batch_length", "envs", "dataset_size", "dyn_deter")


def torch_budget(values: Mapping[str, Value]) -> Budget | None:
    """Returns the budget of the settings; None if a value is not known."""
    repeat, prefill = as_number(values.get("action_repeat")), as_number(values.get("prefill"))
    size, length = as_number(values.get("batch_size")), as_number(values.get("batch_length"))
    ratio, pretrain = as_number(values.get("train_ratio")), as_number(values.get("pretrain"))
    steps, every = as_number(values.get("steps")), as_number(values.get("eval_every"))
    known = (repeat, prefill, size, length, ratio, pretrain, steps, every)
    if not all(map(math.isfinite, known)) or min(repeat, size, length) <= 0 or every < 0:
        return None
    agent_steps, round_ = steps // repeat, every // repeat
    rounds = round_up(max(agent_steps + round_ - prefill, 0) / round_) if round_ > 0 else 0
    frames = (prefill + rounds * round_) * repeat if round_ > 0 else steps
    return usable_budget(Budget(frames, repeat, max(ratio, 0.0), size, length, prefill, pretrain + 1))


def preset_of(values: Mapping[str, Value], task: str) -> str | None:
    """Returns upstream's preset for a task and its kind of observation; None without one."""
    suite = suite_of(task)
    if suite == "dmc" and not (is_known_task(task) or is_open(task)):
        return None
    if suite == "dmc":
        return "dmc_proprio" if values.get("encoder.cnn_keys") == "$^" else "dmc_vision"
    return _PRESETS.get(suite)


def torch_reference(values: Mapping[str, Value], task: str) -> PublishedRun | None:
    """Returns the run of upstream's preset for the task; None if there is no such preset."""
    table = load_table("nm512_torch")
    preset = preset_of(values, task)
    if preset is None:
        return None
    theirs = {**table.defaults, **table.presets[preset]}
    budget = torch_budget(theirs)
    if budget is None:
        return None
    origin = table.origin(preset)
    own = ("action_repeat",) if is_own_task(task) else ()  # how long an action lasts is a part of the task
    expected = {key: PublishedValue(theirs[key], origin) for key in _KEYS if key not in own}
    shown = f"{suite_of(task)} tasks" if is_open(task) else task
    return PublishedRun(shown, preset, "torch", budget, expected, load_curve=partial(torch_curve, task, preset))


def torch_curve(task: str, preset: str) -> PublishedCurve | None:
    """Returns the published scores of the edition that this program follows, the paper of 2023."""
    name = task.replace("atari_", "atari100k_", 1) if preset == "atari100k" else task
    return published_curve(name, preset, "paper-2023")


def torch_replay_bytes(values: Mapping[str, Value], budget: Budget | None) -> float | None:
    """Returns the least bytes of the episodes in memory. Each has images, even if only vectors are encoded."""
    size, capacity = values.get("size"), as_number(values.get("dataset_size"))
    if budget is None or not isinstance(size, tuple) or not size or math.isnan(capacity):
        return None
    channels = 1 if values.get("grayscale") is True else 3
    pixels = as_number(size[0]) * as_number(size[-1]) * channels
    return replay_bytes(capacity or budget.agent_steps, budget.agent_steps, pixels)
