"""Bytes of a danijar/dreamerv3 replay buffer: images and, if a context is replayed, the stored recurrent states.

The 2024 and 2025 editions store ``deter`` and ``stoch x classes`` as float32 (danijar/dreamerv3 at e3f0224,
``dreamerv3/rssm.py:40``). Vectors, actions and rewards are not counted; they are small.
"""

from __future__ import annotations

from collections.abc import Mapping

from dreamerguard.core.budget import Budget, replay_bytes
from dreamerguard.core.source import Value
from dreamerguard.core.values import as_number
from dreamerguard.programs.shared.task_names import suite_of

_RSSM = {"2025": "agent.dyn.rssm", "2024": "dyn.rssm"}
_GRAY = 1
_COLOR = 3


def replay_bytes_of(edition: str, values: Mapping[str, Value], task: str, budget: Budget | None) -> float | None:
    """Returns the least bytes of the full replay buffer; None if a size is not known."""
    capacity = as_number(values.get("replay_size" if edition == "2023" else "replay.size"))
    if budget is None or capacity != capacity:
        return None
    record = _image(values, task) + _state(edition, values)
    return replay_bytes(capacity, budget.agent_steps, record) if record == record else None


def _image(values: Mapping[str, Value], task: str) -> float:
    suite = suite_of(task)
    size = values.get(f"env.{suite}.size")
    if values.get(f"env.{suite}.image") is False or not isinstance(size, tuple):
        return 0.0
    sides = [as_number(side) for side in size]
    channels = _GRAY if values.get(f"env.{suite}.gray") is True else _COLOR
    return sides[0] * sides[-1] * channels


def _state(edition: str, values: Mapping[str, Value]) -> float:
    if edition not in _RSSM or not as_number(values.get("replay_context")) > 0:
        return 0.0
    deter, stoch, classes = (
        as_number(values.get(f"{_RSSM[edition]}.{name}")) for name in ("deter", "stoch", "classes")
    )
    return 4 * (deter + stoch * classes)
