"""The published scores of a task over frames, and the statistics of rule R1.

Frames are environment frames. Scores are averaged in equal cells of the budget.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

from dreamerguard.schema.published_editions import Edition
from dreamerguard.util.fast_dataclass import dataclass

#: Scores of training episodes or of evaluations, and what a score is: a return, or the share of successful episodes.
Episodes = Literal["train", "eval"]
Measure = Literal["return", "success"]

#: One value per cell; None where no seed has a value.
Cells = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The publication of the curves: repository address, commit, files, and licence with copyright."""

    url: str
    commit: str
    files: str
    licence: str
    copyright: str


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """The median, lowest and highest seed."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Final:
    """The mean score in the last tenth of the budget: median, lowest and highest seed, and all seeds, ascending."""

    median: float
    min: float
    max: float
    seeds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """The frames until a share of the way from the start to the final median.

    Attributes:
      share: the share, between 0 and 1.
      reached: number of seeds that reached the share.
      seeds: number of all seeds.
      median: frames of the median seed; None if fewer than half reached the share.
      first: frames of the fastest seed; None if no seed reached the share.
      last: frames of the slowest seed; None if one seed never reached the share.
    """

    share: float
    reached: int
    seeds: int
    median: float | None
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class Method:
    """The constants of the alarm curve; shares of the budget unless stated otherwise.

    Attributes:
      burn_in: share before which there is no verdict.
      window: share that the trailing mean covers.
      lag: share by which a run may be slower.
      final: last share over which the final score is the mean.
      prior_df: weight of the suite's spread against the task's own, in degrees of freedom.
      floor: smallest spread as a share of the learned range.
      margin: smallest distance of an alarm below the lowest seed, as a share of the learned range.
      alarm: false alarm rate of the stored alarm curve for a whole run.
      least_range: smallest learned range, in points; a smaller one is noise, or learned before the first score.
      untrained: score without learning, if it is known; None takes the first median score.
    """

    burn_in: float
    window: float
    lag: float
    final: float
    prior_df: float
    floor: float
    margin: float
    alarm: float
    least_range: float = 0.0
    untrained: float | None = None

    def learned(self, rise: float, first: float) -> tuple[float, float]:
        """Returns the learned range and the score before learning.

        Args:
          rise: largest rise of the median over its first value.
          first: first value of the median.
        """
        if self.untrained is None:
            return max(rise, self.least_range), first
        return max(rise + first - self.untrained, self.least_range), self.untrained


@dataclass(frozen=True, slots=True)
class Calibration:
    """The statistics of a suite's healthy seeds, each compared with the other seeds of its task.

    Attributes:
      spread: standard deviation over seeds relative to the learned range.
      curves: number of seeds that were compared with others.
      null: their positive largest deficits in spreads, largest first. A run with deficit d has
        ``p = (1 + count(null >= d)) / (curves + 1)``.
      alarm: false alarm rate -> threshold in spreads; None if there are too few curves to guarantee the rate.
      alarm_used: threshold of the stored alarm curves; None if the suite has none.
      one_seed_pi90: multiplier of the 90 % interval for one new seed at one look.
      seeds_below_worst: share of healthy seeds that at some look fall more than the margin below all others.
    """

    spread: float
    curves: int
    null: tuple[float, ...]
    alarm: dict[float, float | None]
    alarm_used: float | None
    one_seed_pi90: float
    seeds_below_worst: float | None


class SlowerCalibration(Calibration):
    """The statistics of healthy seeds that were made slower, for runs of a laboratory that may learn more slowly."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """The published seeds of one task in one release.

    Attributes:
      suite, task: names as in `dreamerguard.schema.tasks`.
      release: year of the published score files.
      edition: edition of the agent behind the curves; may differ from the release, see `note`.
      note: caveat about this set of curves.
      seeds: number of seeds used.
      listed: number of seeds published, including copies that were dropped.
      budget: length of the curves in environment frames.
      action_repeat: frames per agent step of the published agent.
      grid: right edge of each cell in environment frames, ascending.
      median, min, max: median, lowest and highest score over seeds in each cell.
      curves: score of each seed in each cell; None before a seed's first and after its last episode.
      start, range: median score at the start, and the largest gain of the median over it.
      final: scores in the last tenth of the budget.
      auc: mean of the whole curve: median, lowest and highest seed.
      reach: share -> frames until the share, for 0.25, 0.5, 0.75 and 0.9.
      sd, pi90_low, pi90_high, alarm: spread, 90 % interval for one new seed and alarm curve of the trailing mean; empty
        with fewer than three seeds.
      single_seed_floor: score below which the end of a single run is too low; None if there is no alarm at the end.
      flat_run_caught_at: frames at which a run that learns nothing is detected; None if one seed cannot show it.
      norm: the two scores that map to 0 and 1 when tasks are averaged.
      source: publication of the curves.
      own_calibration: whether the false alarm statistics are of this reference's curves, not borrowed.
      laboratory: who made the curves; empty for a custom reference.
      episodes, measure: whose scores these are, and what a score is.
      interval: frames between two evaluations; 0 for scores of training episodes, or if it is unknown.
    """

    suite: str
    task: str
    release: str
    edition: Edition
    note: str
    seeds: int
    listed: int
    budget: int
    action_repeat: int
    grid: tuple[float, ...]
    median: Cells
    min: Cells
    max: Cells
    curves: tuple[Cells, ...]
    start: float
    range: float
    final: Final
    auc: ScoreRange
    reach: dict[float, Reach]
    sd: Cells
    pi90_low: Cells
    pi90_high: Cells
    alarm: Cells
    single_seed_floor: float | None
    flat_run_caught_at: float | None
    norm: tuple[float, float]
    source: Provenance
    own_calibration: bool = True
    laboratory: str = ""
    episodes: Episodes = "train"
    measure: Measure = "return"
    interval: int = 0

    @property
    def score_name(self) -> str:
        """The score in words: ``training return``, ``evaluation return`` or ``evaluation success rate``."""
        kind = "training" if self.episodes == "train" else "evaluation"
        return f"{kind} {'return' if self.measure == 'return' else 'success rate'}"

    def score_at(self, frames: float) -> ScoreRange:
        """Returns the scores of the published seeds after a number of frames, linear between the cells.

        Before the first and after the last cell, returns the nearest cell's scores.
        """
        return ScoreRange(*(_interpolate(self.grid, cells, frames) for cells in (self.median, self.min, self.max)))

    def frames_to(self, share: float) -> Reach:
        """Returns the frames until a share of the way from the median start to the final median score.

        Args:
          share: 0.25, 0.5, 0.75 or 0.9.

        Raises:
          ValueError: the share is not stored.
        """
        if share not in self.reach:
            raise ValueError(f"share must be one of {', '.join(map(str, self.reach))}, not {share}")
        return self.reach[share]


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """The reference curves of one suite with their false alarm statistics.

    Attributes:
      suite, release: as in `Envelope`; a custom reference has the release ``own``.
      note: caveat about this set of curves.
      envelopes: task -> curves.
      calibration: statistics of these curves, or of a published suite if there are too few; then the note states it.
      method: constants of the alarm curve.
    """

    suite: str
    release: str
    note: str
    envelopes: dict[str, Envelope]
    calibration: Calibration
    method: Method


def _interpolate(grid: Sequence[float], cells: Cells, frames: float) -> float:
    points = [(x, y) for x, y in zip(grid, cells, strict=True) if y is not None]
    right = bisect_left(points, frames, key=lambda point: point[0])
    if right == 0:
        return points[0][1]
    if right == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    return y0 + (y1 - y0) * (frames - x0) / (x1 - x0)
