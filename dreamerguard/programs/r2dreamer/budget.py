"""Budget and replay buffer of an r2dreamer run (NM512/r2dreamer at 546e4fa, ``trainer.py`` and ``buffer.py``)."""

from __future__ import annotations

import math
from collections.abc import Callable

from dreamerguard.core.arithmetic import round_up
from dreamerguard.core.budget import Budget, usable_budget
from dreamerguard.core.values import as_number
from dreamerguard.programs.hydra.composed import Composed
from dreamerguard.programs.hydra.program import numbers


def r2_budget(number: Callable[[str], float]) -> Budget | None:
    """Returns the budget of a configuration; None if a value is not known."""
    frames, ratio, repeat = number("trainer.steps"), number("trainer.train_ratio"), number("trainer.action_repeat")
    size, length, envs = number("trainer.batch_size"), number("trainer.batch_length"), number("env.env_num")
    pretrain = number("trainer.pretrain")
    if not numbers(frames, ratio, repeat, size, length, envs) or min(repeat, size, length, envs, frames) <= 0:
        return None
    together = max(envs, 1) * repeat
    if not math.isfinite(frames):
        return None
    return usable_budget(
        Budget(
            frames=round_up(int(frames) / together) * together,  # all environments step before the length is checked
            action_repeat=repeat,
            train_ratio=ratio,
            batch_size=size,
            batch_length=length,
            warmup_steps=(length + 2) * envs,
            first_updates=1.0 + (pretrain if numbers(pretrain) else 0.0),
        )
    )


def replay_bytes(composed: Composed) -> float | None:
    """Returns the bytes that the replay buffer takes when it is built: images, recurrent state, classes as float32."""
    size = composed.value("env.size")
    vision = composed.value("env.encoder.cnn_keys") not in (None, "$^")
    pixels = 3.0
    for part in size if isinstance(size, tuple) else (64, 64):
        pixels *= as_number(part) if isinstance(part, int | float) else 64
    state = 4 * (composed.number("model.deter") + 32 * composed.number("model.discrete"))
    total = composed.number("buffer.max_size") * ((pixels if vision else 0) + state)
    return total if numbers(total) else None
