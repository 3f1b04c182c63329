"""The state of a run: everything that changes while it trains, and what a checkpoint holds of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax

from dreamerguard.schema import RunConfig

from .algorithm.learner import TrainState
from .background_evaluation import PART as EVALUATION
from .background_evaluation import BackgroundEvaluation
from .base.share import WHOLE, Share
from .base.spec import AgentSpec
from .checkpoints import names
from .checkpoints.array_file import Array
from .checkpoints.checkpoint import Checkpoint
from .checkpoints.chunks import StoredReplay
from .checkpoints.folder import Say
from .checkpoints.save_job import Content, ReplayCopy
from .counters import Counters
from .replay.buffer import ReplayBuffer
from .running_episodes import PART, RunningEpisodes
from .runtime.precision import DTYPE


class Experience(NamedTuple):
    """The experience of a run for a checkpoint.

    Attributes:
      sampler: arrays of the samplers.
      episodes: numbers and arrays of the running episodes; None where they cannot be stored.
      replay: copy of the replay.
    """

    sampler: Mapping[str, Array]
    episodes: tuple[dict[str, int], Mapping[str, Array]] | None
    replay: ReplayCopy


@dataclass
class RunState:
    """What all agents of a run have learned and experienced.

    Attributes:
      config: the run.
      spec: the agent.
      counters: steps, updates and evaluations.
      learner: parameters and optimizer, on the device; an update donates it.
      replay: the replay.
      episodes: environments and what the agents remember of them.
      evaluation: plays evaluations.
      share: the share of this process.
    """

    config: RunConfig
    spec: AgentSpec
    counters: Counters
    learner: TrainState
    replay: ReplayBuffer
    episodes: RunningEpisodes
    evaluation: BackgroundEvaluation
    share: Share = WHOLE

    def restore(self, found: Checkpoint, say: Say) -> None:
        """Continues from a checkpoint.

        Args:
          found: the checkpoint.
          say: receives one line about everything that cannot be continued.

        Raises:
          DoesNotMatch: it does not fit the configuration.
          NoSoundCheckpoint: its files change meanwhile.
        """
        self.learner = jax.device_put(found.restore("learner", self.learner))
        self.evaluation.played = found.numbers.get("played", 0)
        if evaluating := found.numbers.get("evaluating"):
            self.evaluation.restore(evaluating, jax.device_put(found.restore(EVALUATION, self.learner.params)))
        if not found.tables:  # the ratio counts from the first new batch on: no burst of overdue updates
            say("the checkpoint holds no replay: it is collected again, and new episodes start")
            return
        before, now = found.numbers.get("processes", 1), self.share.processes
        if before != now and self.share.leads:
            say(f"number of processes: {before} -> {now}; experience and episodes continue, windows are drawn anew")
        self.replay.load(found, self.counters.starts)
        self.counters.continue_ratio(found.numbers)
        self.episodes.restore(found, say)

    def experience(self, shared: StoredReplay | None) -> Experience:
        """Returns the experience of this process, as it is now; ``shared`` as for `content`."""
        return Experience(self.replay.sampler_arrays(), self.episodes.stored(), self.replay.copy(shared))

    def content(self, logs: Mapping[str, Any], experience: Callable[[], Experience]) -> Content:
        """Returns the content of a checkpoint, as it is now. Learner and counters are copied here, the replay later.

        Args:
          logs: sizes of the logs, see `SeedRecords.sizes`.
          experience: returns the experience of all processes.
        """
        numbers = self.counters.numbers() | {"played": self.evaluation.played, "logs": dict(logs)}
        numbers |= {DTYPE: self.spec.dtype, "processes": self.share.processes}
        parts: dict[str, dict[str, Any]] = {"learner": names.flatten(jax.device_get(self.learner))}
        pending = None if self.counters.finished else self.evaluation.stored()  # nothing continues a complete run
        if pending is not None:
            numbers["evaluating"], params = pending
            parts[EVALUATION] = names.flatten(jax.device_get(params))
        copy = None
        if self.config.checkpoint.replay:
            found = experience()
            parts["sampler"], copy = dict(found.sampler), found.replay
            if found.episodes is not None:
                numbers["episodes"], parts[PART] = found.episodes[0], dict(found.episodes[1])
        return Content(self.counters.steps, self.counters.frames, numbers, parts, copy)
