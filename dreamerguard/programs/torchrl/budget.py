"""The gradient updates of torchrl's DreamerV3, for both of its scripts.

Both collect ``collector.frames_per_batch`` environment steps, then train once the replay holds
``warmup_factor * batch_size * seq_len`` of them. They differ in what ``optimization.train_ratio`` means:

- ``dreamer_v3.py`` (pytorch/rl at ae9719f) rounds the updates of a collected batch to a whole number of at least one;
- ``train.py`` (at 039b49a) carries the rest over to the next batch, as danijar/dreamerv3 does, makes one update at
  first, and waits at least for one window of ``seq_len + 1`` steps in every environment.

Without a ratio, both make ``optimization.updates_per_batch`` updates after each collected batch. There is no action
repeat: an agent step is an environment step.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from dreamerguard.core.arithmetic import quotient, round_half, round_up
from dreamerguard.core.budget import Budget, usable_budget

Number = Callable[[str], float]


def torchrl_budget(number: Number, *, carries: bool) -> Budget | None:
    """The budget that a configuration leads to; none when values are not known.

    Args:
      number: the number of a key; NaN where it is none.
      carries: whether the rest of a fraction of an update is carried over to the next batch, as in ``train.py``.
    """
    total, collected = number("collector.total_frames"), number("collector.frames_per_batch")
    size, length = number("replay_buffer.batch_size"), number("replay_buffer.seq_len")
    factor, capacity = number("replay_buffer.warmup_factor"), number("replay_buffer.buffer_size")
    ratio, updates = number("optimization.train_ratio"), number("optimization.updates_per_batch")
    known = (total, collected, size, length, factor, capacity)
    if not all(map(math.isfinite, known)) or min(total, collected, size, length) <= 0:
        return None
    if math.isinf(ratio):
        return None
    frames, warmup = round_up(total / collected) * collected, factor * size * length
    if carries:
        envs = number("collector.num_envs")
        warmup = max(warmup, (envs if math.isfinite(envs) else 1) * (length + 1))
    full = max(round_up(warmup / collected), 1) * collected
    if capacity < warmup:
        full = frames + 2 * collected  # the replay never holds what training waits for
    if carries and math.isfinite(ratio):
        return usable_budget(Budget(frames, 1, ratio, size, length, full, 1.0))
    if math.isfinite(ratio):
        updates = max(1.0, round_half(quotient(collected * ratio, size * length)))
    if not math.isfinite(updates):
        return None
    # The batch that fills the replay is already followed by updates.
    ratio = updates * size * length / collected
    return usable_budget(Budget(frames, 1, ratio, size, length, full - collected, 0.0))
