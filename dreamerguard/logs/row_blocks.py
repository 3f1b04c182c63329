"""Rows of metrics as the readers of W&B files and exports give them: every score, and a sample of the other values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A row: metric -> value.
Row = dict[str, float]

#: Keys of steps, the best first: of sheeprl's logger, of synced TensorBoard events, of W&B, of its charts.
STEPS = ("trainer/global_step", "global_step", "_step", "Step", "step")

#: Texts of rows that are read beside the evenly spaced ones, as in `dreamerguard.logs.metric_rows`.
REMARKABLE = (b"NaN", b"Infinity", b"success")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns that a reader looks for.

    Attributes:
      x: the program's own key of frames, or of agent steps.
      scores: keys of scores.
      evaluations: start of the keys that only an evaluation logs; empty if there are none.
      repeat: environment frames per step of any other key.
    """

    x: str
    scores: tuple[str, ...]
    evaluations: str = ""
    repeat: int = 1

    @property
    def steps(self) -> tuple[str, ...]:
        """Keys of steps, the best first."""
        return (self.x, *STEPS)

    def frames(self, row: Mapping[str, Any]) -> float | None:
        """Returns the frames of a row; None if it has no step."""
        own = row.get(self.x)
        if own.__class__ is float or own.__class__ is int:
            return own
        for key in STEPS:
            step = row.get(key)
            if step.__class__ is float or step.__class__ is int:
                return step * self.repeat
        return None


@dataclass(slots=True)
class RowBlock:
    """A part of a file.

    Attributes:
      scores: key -> frames and values of every score in it, in the order of the file.
      rows: frames and other values of the rows that are read whole.
      evaluations: frames of all rows that only an evaluation logs.
    """

    scores: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    rows: list[tuple[float, Row]] = field(default_factory=list)
    evaluations: list[float] = field(default_factory=list)

    def add(self, row: Row, wanted: Wanted) -> None:
        """Adds all values of a row; nothing of a row without a step."""
        frames = wanted.frames(row)
        if frames is None:
            return
        self._scores(frames, row, wanted)
        self.rows.append((frames, {key: value for key, value in row.items() if key not in wanted.scores}))
        if wanted.evaluations and any(key.startswith(wanted.evaluations) for key in row):
            self.evaluations.append(frames)

    def add_scores(self, row: Mapping[str, Any], wanted: Wanted) -> None:
        """Adds only the scores of a row."""
        frames = wanted.frames(row)
        if frames is not None:
            self._scores(frames, row, wanted)

    def _scores(self, frames: float, row: Mapping[str, Any], wanted: Wanted) -> None:
        for key in wanted.scores:
            value = row.get(key)
            if value.__class__ is float or value.__class__ is int:
                found = self.scores.get(key)
                if found is None:
                    found = self.scores[key] = [], []
                found[0].append(frames)
                found[1].append(value)


def spaced(count: int, quota: int) -> range:
    """Returns about ``quota`` evenly spaced numbers below ``count``, or all."""
    return range(0, count, max(1, -(-count // max(quota, 1))))
