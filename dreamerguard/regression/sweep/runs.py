"""The runs of a sweep as its statistics see them: a combination of settings, a task, a seed and scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from dreamerguard.util.text import plain

#: Share of the budget by which the last episodes may end after it.
OVERSHOOT = 0.05


@dataclass(frozen=True, slots=True)
class SweepRun:
    """One run of a sweep; also one that waits, without a score.

    Attributes:
      name: unique within the sweep.
      combination: varied key -> value; runs with equal mappings are seeds of one combination. Empty if nothing varies.
      task: name of the task.
      seed: number of the seed.
      frames: environment frames at the end of each episode, ascending.
      scores: score of each episode.
      budget: planned environment frames, above 0.
      ended: whether the run gets no more scores: finished, failed for good, or stopped.
      reference: key of its reference curves; by default its task.
      label: the combination in words.
    """

    name: str
    combination: Mapping[str, str]
    task: str
    seed: int
    frames: Sequence[float]
    scores: Sequence[float]
    budget: float
    ended: bool = False
    reference: str = ""
    label: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.frames) != len(self.scores):
            raise ValueError(f"run {self.name} has {len(self.frames)} frames and {len(self.scores)} scores")
        if not self.budget > 0:
            raise ValueError(f"run {self.name} needs a budget above 0 frames, not {self.budget}")
        object.__setattr__(self, "label", combination_label(self.combination))

    @property
    def reference_key(self) -> str:
        """The key of its reference curves."""
        return self.reference or self.task

    @property
    def reached(self) -> float:
        """The frames at the end of the last episode; 0 before it."""
        return float(self.frames[-1]) if len(self.frames) else 0.0

    @property
    def finite(self) -> tuple[Sequence[float], Sequence[float]]:
        """The frames and scores of the episodes whose score is a finite number."""
        if all(map(math.isfinite, self.scores)):
            return self.frames, self.scores
        kept = [index for index, score in enumerate(self.scores) if math.isfinite(score)]
        return [self.frames[index] for index in kept], [self.scores[index] for index in kept]

    def up_to(self, end: float) -> tuple[Sequence[float], Sequence[float]]:
        """Returns frames and finite scores; episodes up to 5 % behind ``end`` count at it.

        Several environments step together, so the last episodes may end some frames after the budget.
        """
        frames, scores = self.finite
        if not len(frames) or frames[-1] <= end:
            return frames, scores
        return [end if end < frame <= (1 + OVERSHOOT) * end else frame for frame in frames], scores

    @property
    def share(self) -> float:
        """The reached share of the budget, at most 1."""
        return min(self.reached / self.budget, 1.0)


def combination_label(combination: Mapping[str, str]) -> str:
    """Returns ``key=value, key=value``, in the order of the mapping."""
    return _label(tuple(combination.items()))


@lru_cache(maxsize=4096)
def _label(items: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{plain(str(key))}={plain(str(value))}" for key, value in items) or "as written"


def by_combination(runs: Iterable[SweepRun]) -> dict[str, list[SweepRun]]:
    """Returns the runs of each combination by its label, in the order of the runs."""
    groups: dict[str, list[SweepRun]] = {}
    for run in runs:
        groups.setdefault(run.label, []).append(run)
    return groups


def by_task(runs: Iterable[SweepRun]) -> dict[str, list[SweepRun]]:
    """Returns the runs of each task, in the order of the runs."""
    groups: dict[str, list[SweepRun]] = {}
    for run in runs:
        groups.setdefault(run.task, []).append(run)
    return groups
