"""Observers of a training run, and one that forwards all events to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class TrainingObserver(Protocol):
    """Listens to a training run; the trainer's own observers have the same methods."""

    def phase(self, text: str) -> None:
        """A stage begins that may take a while, for example a compilation."""

    def note(self, text: str) -> None:
        """A fact about the run that stays on the screen."""

    def episode(self, frames: int, episode: Any) -> None:
        """A training episode has ended at ``frames`` environment frames."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """Metrics were written to the log."""

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Evaluation episodes were played."""

    def saved(self, frames: int) -> None:
        """A checkpoint was written."""


class ForwardingObserver:
    """Forwards all events to another observer. Subclasses add to some of them.

    Args:
      inner: the observer that receives all events.
    """

    def __init__(self, inner: TrainingObserver) -> None:
        self._inner = inner

    def phase(self, text: str) -> None:
        """Forwards the start of a phase."""
        self._inner.phase(text)

    def note(self, text: str) -> None:
        """Forwards a note."""
        self._inner.note(text)

    def episode(self, frames: int, episode: Any) -> None:
        """Forwards a finished episode."""
        self._inner.episode(frames, episode)

    def metrics(self, row: Mapping[str, float]) -> None:
        """Forwards a row of metrics."""
        self._inner.metrics(row)

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Forwards the scores of an evaluation."""
        self._inner.evaluated(frames, scores)

    def saved(self, frames: int) -> None:
        """Forwards a saved checkpoint."""
        self._inner.saved(frames)
