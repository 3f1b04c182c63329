"""The events of a run and the observer that receives them, for example the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .driver import FinishedEpisode


@dataclass(frozen=True, slots=True)
class AgentEpisode(FinishedEpisode):
    """A training episode of one of the run's agents; ``env`` and ``step`` count within that agent.

    Attributes:
      seed: seed of the agent.
    """

    seed: int


class Observer(Protocol):
    """Receives the events of a run. Its methods must be quick: the run waits for them."""

    def phase(self, text: str) -> None:
        """A phase begins that may take long, for example a compilation."""

    def note(self, text: str) -> None:
        """A fact about the run that stays on the screen, for example its memory."""

    def episode(self, frames: int, episode: AgentEpisode) -> None:
        """A training episode has ended at ``frames`` environment frames of its agent."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """Metrics were written to the log. With several agents, ``row`` holds the means."""

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Evaluation episodes of all agents were played after ``frames`` environment frames of each."""

    def saved(self, frames: int) -> None:
        """A checkpoint was written after ``frames`` environment frames of each agent."""


class Silent:
    """An observer that does nothing."""

    def phase(self, text: str) -> None:
        """Ignores it."""

    def note(self, text: str) -> None:
        """Ignores it."""

    def episode(self, frames: int, episode: AgentEpisode) -> None:
        """Ignores it."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """Ignores it."""

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Ignores it."""

    def saved(self, frames: int) -> None:
        """Ignores it."""
