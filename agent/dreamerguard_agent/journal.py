"""The rows of a run's logs: scores of episodes, metrics of training, and evaluations."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from .achievements import achievement_score, success_rates
from .algorithm.learner import Metrics
from .counters import Counters
from .driver import FinishedEpisode, mean_logs
from .events import AgentEpisode, Observer
from .runtime.records import SeedRecords
from .runtime.throughput import Throughput, achieved_ratio


class Journal:
    """Writes the rows of all agents, and passes them to the observer.

    Args:
      config: the run.
      counters: its counters, which the training loop advances.
      logs: the logs.
      observer: receives the events.

    Attributes:
      sums: metrics summed over the updates since the last row, on the device; None without an update.
    """

    def __init__(self, config: RunConfig, counters: Counters, logs: SeedRecords, observer: Observer) -> None:
        self._config, self._counters, self._logs, self._observer = config, counters, logs, observer
        self._seeds = range(config.seed, config.seed + config.seeds)
        self._speed = Throughput(counters.frames, counters.updates)
        self.sums: Metrics | None = None

    @property
    def due(self) -> bool:
        """Whether it is time for a row of metrics."""
        return self._speed.since_last() >= self._config.logging.every

    def episode(self, episode: AgentEpisode) -> None:
        """Writes the score of a training episode."""
        frames = episode.step * self._config.env.action_repeat
        row = {"frames": frames, "step": episode.step, "env": episode.env, "score": episode.score}
        row |= {"length": episode.length, "updates": self._counters.updates, "time": round(time.time(), 3)}
        row |= episode.logs
        self._logs.write(episode.seed, "scores", row)
        self._observer.episode(frames, episode)

    def metrics(self) -> None:
        """Writes a row of metrics: counters, train ratio, speed, and the means since the last row."""
        counters, ratio = self._counters, self._counters.ratio
        row: dict[str, float] = {"frames": counters.frames, "step": counters.steps, "updates": counters.updates}
        row["train_ratio/configured"] = self._config.run.train_ratio
        row["train_ratio/achieved"] = achieved_ratio(
            ratio.done, counters.batch_steps, counters.steps, ratio.state()["first"]
        )
        row |= self._speed.read(counters.frames, counters.updates, counters.total_frames)
        means = self._means()
        for number, seed in enumerate(self._seeds):
            self._logs.write(seed, "metrics", row | {name: float(value[number]) for name, value in means.items()})
        self._observer.metrics(row | {name: float(value.mean()) for name, value in means.items()})

    def evaluation(self, frames: int, updates: int, episodes: Sequence[Sequence[FinishedEpisode]]) -> None:
        """Writes the evaluation episodes of each agent: scores, and means of the environment's recorded numbers.

        ``frames`` and ``updates`` are those of the parameters that were evaluated.
        """
        played = [[episode.score for episode in mine] for mine in episodes]
        for seed, scores, mine in zip(self._seeds, played, episodes, strict=True):
            row = {"frames": frames, "updates": updates, "score": float(np.mean(scores))}
            self._logs.write(seed, "eval", row | {"scores": scores} | mean_logs(mine) | _achievements(mine))
        self._observer.evaluated(frames, list(chain(*played)))

    def _means(self) -> dict[str, np.ndarray[Any, Any]]:
        """Mean metrics since the last row, [N] each; empty without an update."""
        if self.sums is None:
            return {}
        sums = {name: np.atleast_1d(value).astype(np.float64) for name, value in jax.device_get(self.sums).items()}
        self.sums, count = None, sums.pop("count")
        return {name: value / count for name, value in sums.items()}


class Report:
    """Takes the place of the `Journal` in a process that writes no logs: keeps episodes for process 0.

    Attributes:
      sums: as of `Journal`.
      due: false: rows of metrics are the same in all processes.
    """

    due = False

    def __init__(self) -> None:
        self._episodes: list[AgentEpisode] = []
        self.sums: Metrics | None = None

    def episode(self, episode: AgentEpisode) -> None:
        """Keeps a training episode."""
        self._episodes.append(episode)

    def metrics(self) -> None:
        """Does nothing."""

    def evaluation(self, frames: int, updates: int, episodes: Sequence[Sequence[FinishedEpisode]]) -> None:
        """Does nothing: process 0 evaluates."""

    def take(self) -> list[AgentEpisode]:
        """Returns the episodes that were kept, once, and forgets the sums, which would grow without end."""
        self.sums, kept, self._episodes = None, self._episodes, []
        return kept


def _achievements(episodes: Sequence[FinishedEpisode]) -> dict[str, float]:
    """Returns success rates in percent and Crafter's score, where the environment records achievements."""
    rates = success_rates([episode.logs for episode in episodes])
    named = {f"achievement/{name}": rate for name, rate in rates.items()}
    return named | {"achievement_score": achievement_score(rates)} if rates else {}
