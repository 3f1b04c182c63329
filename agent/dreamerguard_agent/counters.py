"""The counters of a run: steps, frames, updates and evaluations, over all its starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dreamerguard.schema import RunConfig

from .replay.ratio import TrainRatio


class Counters:
    """Counts from a checkpoint on, or from zero.

    Args:
      config: the run.
      numbers: counters of the checkpoint; empty for a new run.

    Attributes:
      starts: starts of the run, this one included.
      vector_steps: steps of all environments side by side.
      total: vector steps of the whole run.
      evaluations: evaluations that were due and are played.
      ratio: schedules the updates.
    """

    def __init__(self, config: RunConfig, numbers: Mapping[str, Any]) -> None:
        self._config = config
        self._envs, self._repeat, self._every = config.run.envs, config.env.action_repeat, config.eval.every
        self.starts = numbers.get("starts", 0) + 1
        self.vector_steps: int = numbers.get("vector_steps", 0)
        self.total = -(-config.run.frames // (self._envs * self._repeat))
        self.evaluations = self._evaluations_of(numbers)
        self.ratio = TrainRatio(config.run.train_ratio, self.batch_steps)
        self._updates_before: int = numbers.get("updates", 0)

    @property
    def batch_steps(self) -> int:
        """Replayed agent steps of one update."""
        return self._config.replay.batch_size * self._config.replay.batch_length

    @property
    def steps(self) -> int:
        """Agent steps of each agent."""
        return self.vector_steps * self._envs

    @property
    def frames(self) -> int:
        """Environment frames of each agent. Records that start an episode count, as in the reference's logs."""
        return self.steps * self._repeat

    @property
    def total_frames(self) -> int:
        """Environment frames of each agent at the end of the run."""
        return self.total * self._envs * self._repeat

    @property
    def updates(self) -> int:
        """Gradient updates of each agent."""
        return self._updates_before + self.ratio.done

    @property
    def finished(self) -> bool:
        """Whether the run has reached its length."""
        return self.vector_steps >= self.total

    @property
    def evaluation_due(self) -> bool:
        """Whether an evaluation is due that was not played."""
        return bool(self._every) and self.frames // self._every > self.evaluations

    def evaluated(self) -> None:
        """Counts the evaluations that are due as played."""
        self.evaluations = self.frames // self._every

    def continue_ratio(self, numbers: Mapping[str, Any]) -> None:
        """Continues the schedule of updates of a checkpoint.

        Raises:
          DoesNotMatch: the checkpoint has another ratio.
        """
        self.ratio = TrainRatio.from_state(self._config.run.train_ratio, self.batch_steps, numbers["ratio"])
        self._updates_before = numbers["updates"] - self.ratio.done

    def numbers(self) -> dict[str, Any]:
        """Returns the counters for a checkpoint, as JSON."""
        return {
            "frames": self.frames,
            "vector_steps": self.vector_steps,
            "updates": self.updates,
            "ratio": dict(self.ratio.state()),
            "starts": self.starts,
            "evaluations": self.evaluations,
            "eval_every": self._every,
        }

    def _evaluations_of(self, numbers: Mapping[str, Any]) -> int:
        """Returns the evaluations before a checkpoint: as stored, or by frames where `eval.every` has changed since."""
        if numbers.get("eval_every") == self._every:
            return int(numbers.get("evaluations", 0))
        return self.frames // self._every if self._every else 0
