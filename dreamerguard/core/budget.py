"""The update budget, a common unit of all training programs: the gradient updates of a run, in total and per frame.

An agent step is one decision of the policy; it lasts ``action_repeat`` frames of the environment. One update replays
``batch_size x batch_length`` agent steps. The train ratio is replayed agent steps per agent step, per policy step and
not per frame (https://github.com/danijar/dreamerv3/issues/154), so

    updates per agent step  g = train_ratio / (batch_size * batch_length)
    updates per frame       u = g / action_repeat
    updates in all          U = first_updates + (agent steps - warm-up steps) * g

Training starts when the replay buffer holds as many windows as one batch trains steps (danijar/dreamerv3 at e3f0224,
``embodied/run/train.py``). A window of ``batch_length + context`` steps is complete after that many steps of its
environment, so the warm-up is ``batch_size * batch_length + envs * (batch_length + context - 1)`` agent steps.
"""

from __future__ import annotations

import math
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

from .arithmetic import quotient

Purpose = Literal["full", "short"]


@dataclass(frozen=True, slots=True)
class Budget:
    """The size of a run, in units that mean the same for every training program.

    Attributes:
      frames: length of the run in environment frames.
      action_repeat: frames per agent step.
      train_ratio: replayed agent steps per agent step.
      batch_size: windows per update.
      batch_length: trained agent steps per window.
      warmup_steps: agent steps before the first update.
      first_updates: updates that happen at once when training starts.
    """

    frames: float
    action_repeat: float
    train_ratio: float
    batch_size: float
    batch_length: float
    warmup_steps: float
    first_updates: float = 1.0

    @property
    def agent_steps(self) -> float:
        """Number of decisions of the policy, over all environments."""
        return self.frames / self.action_repeat

    @property
    def batch_steps(self) -> float:
        """Agent steps that one update replays."""
        return self.batch_size * self.batch_length

    @property
    def updates_per_step(self) -> float:
        """Gradient updates per agent step."""
        return self.train_ratio / self.batch_steps

    @property
    def steps_per_update(self) -> float:
        """Agent steps per gradient update; infinite if the run makes no update or no float can hold the number."""
        return quotient(1.0, self.updates_per_step)

    @property
    def updates_per_frame(self) -> float:
        """Gradient updates per environment frame once training runs."""
        return self.updates_per_step / self.action_repeat

    @property
    def trains(self) -> bool:
        """Whether the run makes any update."""
        return self.train_ratio > 0 and self.agent_steps >= self.warmup_steps

    @property
    def updates(self) -> float:
        """Number of gradient updates of the whole run."""
        if not self.trains:
            return 0.0
        return self.first_updates + (self.agent_steps - self.warmup_steps) * self.updates_per_step

    def frames_after(self, updates: float) -> float:
        """Returns the environment frames after which the run has made this many updates (the inverse of `updates`)."""
        if self.train_ratio <= 0:
            return float("inf")
        late = quotient(max(updates - self.first_updates, 0.0), self.updates_per_step)
        return (self.warmup_steps + late) * self.action_repeat


def usable_budget(budget: Budget) -> Budget | None:
    """Returns the budget; None if a figure of it is not a number, or too large for one. Only a run may be endless."""
    sizes = budget.action_repeat, budget.batch_size, budget.batch_length
    finite = (*sizes, budget.train_ratio, budget.warmup_steps, budget.first_updates, budget.batch_steps)
    if not all(map(math.isfinite, finite)) or min(*sizes, budget.batch_steps) <= 0:
        return None
    rates = budget.updates_per_step, budget.updates_per_frame
    unknown = math.isnan(budget.agent_steps) or math.isnan(budget.updates)
    return None if unknown or not all(map(math.isfinite, rates)) else budget


def warmup(batch_size: float, batch_length: float, envs: float, context: float = 1) -> float:
    """Returns the agent steps until the replay buffer holds as many windows as one batch trains steps."""
    return batch_size * batch_length + envs * (batch_length + context - 1)


def update_share(run: Budget, reference: Budget, purpose: Purpose) -> float:
    """Returns the run's gradient updates as a share of the reference's.

    Purpose ``full`` compares all updates. Purpose ``short`` means that the run is short on purpose, so the updates per
    frame are compared, as they are if both runs are endless.
    """
    if purpose == "short":
        return _ratio(run.updates_per_frame if run.trains else 0.0, reference.updates_per_frame)
    if math.isinf(run.updates) and math.isinf(reference.updates):
        return _ratio(run.updates_per_frame, reference.updates_per_frame)
    return _ratio(run.updates, reference.updates)


def causes(run: Budget, reference: Budget, purpose: Purpose) -> dict[str, float]:
    """Returns the factor by which each setting changes the number of updates against the reference, smallest first.

    Keys are ``train_ratio``, ``batch_size``, ``batch_length``, ``action_repeat`` and ``frames``; the product of all
    values is the share of updates up to the warm-up.
    """
    factors = {
        "train_ratio": _ratio(run.train_ratio, reference.train_ratio),
        "batch_size": _ratio(reference.batch_size, run.batch_size),
        "batch_length": _ratio(reference.batch_length, run.batch_length),
        "action_repeat": _ratio(reference.action_repeat, run.action_repeat),
        "frames": 1.0 if purpose == "short" else _ratio(run.frames, reference.frames),
    }
    return dict(sorted(factors.items(), key=lambda item: item[1]))


def replay_bytes(capacity: float, agent_steps: float, record: float) -> float:
    """Returns the bytes of the replay buffer when it is full, or at the end of the run if it never fills.

    Args:
      capacity: replay capacity in agent steps.
      agent_steps: agent steps of the run.
      record: bytes of one agent step.
    """
    return min(capacity, agent_steps) * record


def _ratio(value: float, reference: float) -> float:
    return 1.0 if value == reference else quotient(value, reference)
