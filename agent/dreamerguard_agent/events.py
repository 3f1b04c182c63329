"""What a run tells its observer while it goes on. The terminal, the logs' readers and watchers all listen here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Episode:
    """One finished training episode.

    Attributes:
      frames: environment frames of the whole run when it ended.
      step: agent steps of the whole run.
      env: index of the environment.
      score: undiscounted sum of rewards.
      length: agent steps of the episode, its reset not counted.
    """

    frames: int
    step: int
    env: int
    score: float
    length: int


class Observer(Protocol):
    """Listens to a run. Every method returns quickly and raises nothing: an observer never hurts the training."""

    def phase(self, text: str) -> None:
        """A stage begins that may take a while, for example a compilation."""

    def episode(self, episode: Episode) -> None:
        """An episode has ended."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """A row of metrics was written to the log."""

    def evaluated(self, frames: int, scores: list[float]) -> None:
        """Evaluation episodes were played at ``frames``."""

    def saved(self, frames: int) -> None:
        """A checkpoint was written at ``frames``."""


class Silent:
    """An observer that does nothing."""

    def phase(self, text: str) -> None:
        """Ignores it."""

    def episode(self, episode: Episode) -> None:
        """Ignores it."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """Ignores it."""

    def evaluated(self, frames: int, scores: list[float]) -> None:
        """Ignores it."""

    def saved(self, frames: int) -> None:
        """Ignores it."""
