"""What the published agent reaches on a task, and when.

Frames are environment frames. Scores are those of training episodes, averaged in equal cells of the budget.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from dreamerguard.schema.editions import Edition
from dreamerguard.util.fast_dataclass import dataclass

#: A figure per cell; None where no seed has one yet.
Cells = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the curves were published: repository address, commit, files and licence with copyright."""

    url: str
    commit: str
    files: str
    licence: str
    copyright: str


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """Median, lowest and highest seed."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Final:
    """Mean score in the last tenth of the budget: median, lowest and highest seed, and every seed, ascending."""

    median: float
    min: float
    max: float
    seeds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Frames until a share of the way from the start to the final median.

    Attributes:
      share: the share, between 0 and 1.
      reached: seeds that got there.
      seeds: seeds in all.
      median: frames of the median seed; None where fewer than half got there.
      first: frames of the fastest seed; None where none got there.
      last: frames of the slowest seed; None where one never got there.
    """

    share: float
    reached: int
    seeds: int
    median: float | None
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class Method:
    """How the alarm curve was made; shares of the budget unless said otherwise.

    Attributes:
      burn_in: no verdict before it.
      window: the trailing mean covers it.
      lag: a run may be this much slower.
      final: the final score is the mean over the last such share.
      prior_df: weight of the suite's spread against the task's own, in degrees of freedom.
      floor: smallest spread as a share of the learned range.
      margin: how far below the lowest seed an alarm lies, as a share of the learned range.
      alarm: false-alarm rate of the stored alarm curve for a whole run.
    """

    burn_in: float
    window: float
    lag: float
    final: float
    prior_df: float
    floor: float
    margin: float
    alarm: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the healthy seeds of a whole suite do when each is held against the others of its task.

    Attributes:
      spread: standard deviation over seeds relative to the learned range.
      curves: number of seeds that were held against others.
      null: their positive largest deficits in spreads, largest first. A run with deficit d has
        ``p = (1 + count(null >= d)) / (curves + 1)``.
      alarm: false-alarm rate -> threshold in spreads; None where there are too few curves to promise the rate.
      alarm_used: threshold of the stored alarm curves; None where the suite has none.
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


@dataclass(frozen=True, slots=True)
class Envelope:
    """The published seeds of one task in one release.

    Attributes:
      suite, task: names as in `dreamerguard.schema.tasks`.
      release: year of the published score files.
      edition: edition whose agent the curves show; may differ from the release, see `note`.
      note: what a reader must know about this set of curves.
      seeds: number of seeds; `listed` more were published where copies had to be dropped.
      budget: length of the curves in environment frames.
      action_repeat: frames per agent step of the published agent.
      grid: right edge of each cell in environment frames, ascending.
      median, min, max: over seeds, score of each cell.
      curves: score of each seed in each cell; None before a seed's first and after its last episode.
      start, range: median score at the start and how much the median gains at its best.
      final: scores in the last tenth of the budget.
      auc: mean of the whole curve: median, lowest and highest seed.
      reach: for the stored shares 0.25, 0.5, 0.75 and 0.9.
      sd, pi90_low, pi90_high, alarm: spread, 90 % interval for one new seed and alarm curve of the trailing mean; empty
        where there are fewer than three seeds.
      single_seed_floor: a single run that ends below is called too low; None where that cannot be told.
      flat_run_caught_at: frames at which a run that learns nothing is noticed; None where one seed cannot tell.
      norm: the two scores that stand for 0 and 1 when tasks are averaged.
      source: where the curves were published.
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

    def score_at(self, frames: float) -> ScoreRange:
        """Scores of the published seeds after so many frames, linear between the cells.

        Before the first and after the last cell the nearest cell's scores apply.
        """
        return ScoreRange(*(_interpolate(self.grid, cells, frames) for cells in (self.median, self.min, self.max)))

    def frames_to(self, share: float) -> Reach:
        """When the seeds got to a share of the final median score, counted from the median start.

        Args:
          share: 0.25, 0.5, 0.75 or 0.9.

        Raises:
          ValueError: the share is not among the stored ones.
        """
        if share not in self.reach:
            raise ValueError(f"share must be one of {', '.join(map(str, self.reach))}, not {share}")
        return self.reach[share]


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """The envelopes of one suite and what false alarms are judged by.

    Attributes:
      suite, release: as in `Envelope`; own curves have the release ``own``.
      note: what a reader must know about this set of curves.
      envelopes: by task.
      calibration: of these curves, or borrowed where they are too few; the note says so.
      method: constants.
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
