"""Budget and published settings of a run of RLlib's DreamerV3.

``training_ratio`` is replayed steps per environment step, as in the paper: the program samples until the steps replayed
per step taken fall below it, then replays ``batch_size_B x batch_length_T`` steps for each update
(``DreamerV3.training_step``, ray-project/ray at e852f9b). Training begins after one batch of random steps. Its wrapper
of the DeepMind Control Suite repeats each action twice (``rllib/env/wrappers/dm_control_wrapper.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from dreamerguard.core.budget import Budget, usable_budget
from dreamerguard.core.published import PublishedRun, PublishedValue
from dreamerguard.core.source import Value
from dreamerguard.core.values import as_number
from dreamerguard.programs.shared.published_task import build_reference
from dreamerguard.schema.tasks import UnknownTask, find_task

from .keys import LENGTH

#: The program implements the algorithm of this edition.
_EDITION: Literal["paper-2023"] = "paper-2023"
_PREFIX = "DMC/"
_REPEAT = 2
#: Key of the bundled trainer -> key of this program.
_EXPECTED = {
    "run.train_ratio": "training_ratio",
    "replay.batch_size": "batch_size_B",
    "replay.batch_length": "batch_length_T",
    "replay.capacity": "replay_buffer_config.capacity",
}


def action_repeat(values: Mapping[str, Value]) -> int | None:
    """Returns the frames per agent step; None if only the environment's code knows them."""
    return _REPEAT if str(values.get("env", "")).startswith(_PREFIX) else None


def rllib_budget(values: Mapping[str, Value], reference: PublishedRun | None) -> Budget | None:
    """Returns the budget of a run; None if a value is not known.

    A run without a length gets the published one, so that only updates per frame can be compared.
    """
    repeat = action_repeat(values) or 1
    size, length = as_number(values.get("batch_size_B")), as_number(values.get("batch_length_T"))
    ratio, steps = as_number(values.get("training_ratio")), as_number(values.get(LENGTH))
    if values.get(LENGTH) is None and reference is not None:
        steps = reference.budget.frames / repeat
    known = (size, length, ratio, steps)
    if not all(map(math.isfinite, known)) or min(size, length, steps) <= 0:
        return None
    return usable_budget(Budget(steps * repeat, repeat, max(ratio, 0.0), size, length, size * length))


def rllib_reference(values: Mapping[str, Value]) -> PublishedRun | None:
    """Returns the published run of a task of the DeepMind Control Suite; None for other environments."""
    env, pixels = values.get("env"), values.get("env_config.from_pixels", True)
    if not isinstance(env, str) or not env.startswith(_PREFIX) or not isinstance(pixels, bool):
        return None
    name = f"dmc_{env.removeprefix(_PREFIX).replace('/', '_')}"
    try:
        task = find_task(name, "dmc_vision" if pixels else "dmc_proprio")
    except UnknownTask:
        return None
    found = build_reference(task, _EDITION, 1e6)
    if found is None:
        return None
    expected = {_EXPECTED[key]: value for key, value in found.expected.items() if key in _EXPECTED}
    return PublishedRun(
        env, found.suite, found.edition, found.budget, _with_batch(expected), load_curve=found.load_curve
    )


def _with_batch(expected: dict[str, PublishedValue]) -> dict[str, PublishedValue]:
    origin = next(iter(expected.values())).origin
    return {"batch_size_B": PublishedValue(16, origin), "batch_length_T": PublishedValue(64, origin)} | expected
