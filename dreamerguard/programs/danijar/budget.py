"""The update budget of a danijar/dreamerv3 run, by edition.

One update replays ``batch_size x batch_length`` steps; the 2024 edition counts the replay context inside
``batch_length`` (danijar/dreamerv3 at 251910d, ``embodied/run/train.py``). Training starts when the replay buffer
holds that many windows, or one batch of windows in the 2024 edition. ``run.steps`` counts agent steps;
the log multiplies it by the action repeat.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from dreamerguard.core.budget import Budget, usable_budget
from dreamerguard.core.source import Value
from dreamerguard.core.values import as_number

#: Frames from which a length means no end: with the default of 1e10 steps, the run goes on until a user stops it.
ENDLESS = 1e9

Get = Callable[[str], Value]


def danijar_budget(edition: str, get: Get, repeat: float) -> Budget | None:
    """Returns the budget of the settings; None if a value is not known or the train ratio is negative."""
    size, length, ratio = (
        as_number(get("batch_size")),
        as_number(get("batch_length")),
        as_number(get("run.train_ratio")),
    )
    own = {"2025": "run.envs", "2024": "run.num_envs"}.get(edition, "envs.amount")
    named = (own, "envs.amount", "run.num_envs", "run.envs")  # the key was renamed between the editions
    envs = as_number(get(next((key for key in named if get(key) is not None), own)))
    context = as_number(get("replay_context")) if edition != "2023" else 0.0
    trained = length - context if edition == "2024" else length
    warmup = _warmup(edition, get, size, trained, context, envs)
    values = (as_number(get("run.steps")) * repeat, repeat, ratio, size, trained, warmup)
    if any(math.isnan(value) for value in values) or min(size, trained, repeat, envs, values[0]) <= 0 or ratio < 0:
        return None
    return usable_budget(Budget(*values))


def _warmup(edition: str, get: Get, size: float, length: float, context: float, envs: float) -> float:
    if edition == "2025":
        consecutive = as_number(get("consec_train"))
        return size * length + envs * (length * consecutive + context - 1)
    fill = as_number(get("run.train_fill"))
    if edition == "2024":
        return max(size + envs * (length + context - 1), fill)
    return max(size * length + envs * (length - 1), fill)
