"""Budget and replay buffer of a sheeprl run (Eclectic-Sheep/sheeprl at 33b6366, ``dreamer_v3.py`` and ``Ratio``)."""

from __future__ import annotations

from collections.abc import Callable

from dreamerguard.core.budget import Budget, usable_budget
from dreamerguard.core.source import Value
from dreamerguard.core.values import as_number, resolve_scalar
from dreamerguard.programs.hydra.composed import Composed
from dreamerguard.programs.hydra.program import numbers

from .keys import OLD_RATIO


def world_size(value: Callable[[str], Value]) -> float:
    """Returns the number of processes that train together; 1 if the machine decides (``auto``, ``-1``)."""
    devices, nodes = value("fabric.devices"), value("fabric.num_nodes")
    count = 1.0
    if isinstance(devices, tuple):
        count = len(devices)
    elif isinstance(devices, str) and devices.startswith("["):
        count = len([part for part in devices.strip("[]").split(",") if part.strip()])
    elif isinstance(devices, str):
        count = as_number(resolve_scalar(devices)) if devices.isdecimal() else 1
    else:
        count = as_number(devices)
    return max(1.0, count) * max(1.0, as_number(nodes) if isinstance(nodes, int) else 1)


def sheeprl_budget(value: Callable[[str], Value], number: Callable[[str], float]) -> Budget | None:
    """Returns the budget of a DreamerV3 run; None for other algorithms and if a value is not known."""
    if value("algo.name") != "dreamer_v3":
        return None
    steps, ratio, repeat = number("algo.total_steps"), number("algo.replay_ratio"), number("env.action_repeat")
    size, length = number("algo.per_rank_batch_size"), number("algo.per_rank_sequence_length")
    envs, starts = number("env.num_envs"), number("algo.learning_starts")
    if value("algo.replay_ratio") is None and number(OLD_RATIO) > 0:
        updates = number("algo.per_rank_gradient_steps")
        ratio = (updates if numbers(updates) else 1.0) / _old_interval(number(OLD_RATIO), envs * world_size(value))
    if not numbers(steps, ratio, repeat, size, length, envs, starts) or min(size, length, envs, steps) <= 0:
        return None
    repeat = max(repeat, 1.0)
    world = world_size(value)
    together = envs * world
    prefill = max(starts // together - 1, 0) * together
    pretrain = number("algo.per_rank_pretrain_steps")
    return usable_budget(
        Budget(
            frames=(steps // together) * together * repeat,
            action_repeat=repeat,
            train_ratio=ratio * size * length,
            batch_size=size * world,
            batch_length=length,
            warmup_steps=prefill,
            first_updates=min(pretrain, envs) * ratio if numbers(pretrain) and pretrain > 0 else 0.0,
        )
    )


def _old_interval(every: float, together: float) -> float:
    """Returns the policy steps between updates: the old edition counted whole steps of all environments.

    ``updates_before_training = cfg.algo.train_every // policy_steps_per_update``, and 0 is one step too.
    """
    return max(every // together, 1.0) * together if numbers(together) and together > 0 else every


def replay_bytes(composed: Composed) -> float | None:
    """Returns the bytes of main memory for the replay buffer; None if it is in files on disk."""
    if composed.value("buffer.memmap") is not False or not composed.value("algo.cnn_keys.encoder"):
        return None
    channels = 1 if composed.value("env.grayscale") is True else 3
    side = composed.number("env.screen_size")
    total = composed.number("buffer.size") * channels * side * side
    return total if numbers(total) else None
