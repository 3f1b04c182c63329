"""What a run tells its observer while it goes on. The terminal, the logs' readers and watchers all listen here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .driver import Episode


class Observer(Protocol):
    """Listens to a run. Its methods must be quick: the run waits for them."""

    def phase(self, text: str) -> None:
        """A stage begins that may take a while, for example a compilation."""

    def episode(self, frames: int, episode: Episode) -> None:
        """A training episode has ended at ``frames`` environment frames of the whole run."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """A row of metrics was written to the log."""

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Evaluation episodes were played after ``frames`` environment frames."""

    def saved(self, frames: int) -> None:
        """A checkpoint was written after ``frames`` environment frames."""


class Silent:
    """An observer that does nothing."""

    def phase(self, text: str) -> None:
        """Ignores it."""

    def episode(self, frames: int, episode: Episode) -> None:
        """Ignores it."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """Ignores it."""

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Ignores it."""

    def saved(self, frames: int) -> None:
        """Ignores it."""
