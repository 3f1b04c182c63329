"""Rule R1: one run against published or own reference curves, at every look while it runs.

A healthy run is called too low with the stated rate over all its looks together, because a deficit is compared with
the largest deficit that each healthy seed ever has against the other seeds of its task. On the published curves, each
seed against the others and with thresholds from other tasks, 40 of 838 healthy curves (4.8 %) were called too low at
the 5 % threshold: ``python -m benchmarks.false_alarms`` prints the table. Where there are enough curves the rate is
guaranteed, see `alarm_basis`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dreamerguard.regression.published import Calibration, Envelope, Method
from dreamerguard.regression.published.laboratories import spread_out, widening
from dreamerguard.regression.published.score_limits import reference_limits, within
from dreamerguard.regression.statistics.binned_curve import Curve, to_cells, trailing
from dreamerguard.regression.statistics.seed_band import METHOD, SeedBand

from .alarm_basis import Basis, alarm_basis, flat_run_caught_at

#: False alarm rates for a whole run: of a warning, and of a verdict that may stop a run.
WATCH_RATE, STOP_RATE = 0.05, 0.02

#: Share of the budget from which a run that is still too low counts as REGRESSED.
USED_UP = 0.95


class State(StrEnum):
    """The verdict about a run.

    TOO_EARLY: no finished look after the burn-in. UNDECIDABLE: too few reference seeds, or one seed cannot distinguish
    even a run that learns nothing from the reference. OK: not too low. WATCH: below the 5 % threshold. REGRESSED: below
    the 2 % threshold, below the 5 % threshold with the budget used up, or below the 5 % threshold together with another
    seed of the same task.
    """

    TOO_EARLY = "TOO EARLY"
    UNDECIDABLE = "UNDECIDABLE"
    OK = "OK"
    WATCH = "WATCH"
    REGRESSED = "REGRESSED"

    @property
    def flagged(self) -> bool:
        """Whether the run is too low: WATCH or REGRESSED."""
        return self in (State.WATCH, State.REGRESSED)


@dataclass(frozen=True, slots=True)
class Look:
    """The evaluation of a run at the end of one cell of the budget.

    Attributes:
      frames, share: end of the cell, in environment frames and as a share of the reference's budget.
      score: trailing mean of the run; None before its first episode.
      median, low, high: median of the reference seeds and 90 % interval for one new seed, both of the trailing mean,
        the interval within the scores that the task can give, and wider where laboratories differ.
      watch, stop: the trailing mean below which the run is too low at the 5 % and at the 2 % threshold; None where no
        alarm is possible.
      deficit: spreads below the reference; minus infinity where no alarm is possible.
      p: false alarm rate of this look's deficit over a whole healthy run; 1 where no alarm is possible.
      p_wide: the same in the band that is wider where laboratories differ, see `published.laboratories`; ``stop`` is of
        this band.
    """

    frames: float
    share: float
    score: float | None
    median: float | None
    low: float | None
    high: float | None
    watch: float | None
    stop: float | None
    deficit: float
    p: float
    p_wide: float

    def below(self, rate: float) -> bool:
        """Returns whether the run is too low at this look at a false alarm rate."""
        return math.isfinite(self.deficit) and self.p <= rate

    def below_wide(self, rate: float) -> bool:
        """Returns whether it is also too low in the band that is wider where laboratories differ."""
        return math.isfinite(self.deficit) and self.p_wide <= rate


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict about a run with all its looks.

    Attributes:
      state: the verdict.
      reason: one sentence that explains it.
      p: false alarm rate over a whole healthy run of the largest deficit so far.
      deficit: the largest deficit so far in spreads; minus infinity if there was no deficit.
      at_frames: frames of the first look at which the run was too low at 5 %; None if there is no such look.
      share_of_budget: share of the budget at the last finished look.
      last: the last finished look; None before the first one.
      looks: all looks up to the last.
      curves: number of healthy curves behind ``p``.
      basis: whether the false alarm rate is guaranteed or measured.
    """

    state: State
    reason: str
    p: float
    deficit: float
    at_frames: float | None
    share_of_budget: float
    last: Look | None
    looks: tuple[Look, ...] = field(repr=False)
    curves: int = 0
    basis: Basis = Basis.MEASURED


def judge(
    points: Iterable[tuple[float, float]],
    envelope: Envelope,
    calibration: Calibration,
    *,
    method: Method = METHOD,
    progress: float | None = None,
    finished: bool = True,
) -> Verdict:
    """Judges one run.

    Args:
      points: (environment frames, score) of each finished episode, in any order; skips values that are not finite.
      envelope: the reference of the run's task.
      calibration: false alarm statistics of the reference's suite.
      method: constants of the reference.
      progress: frames that the run has reached; by default those of its last episode.
      finished: whether the run is over; if not, only cells that the run has completed count.
    """
    ordered = sorted((x, y) for x, y in points if math.isfinite(x) and math.isfinite(y))
    frames, scores = [x for x, _ in ordered], [y for _, y in ordered]
    reached = progress if progress is not None else (frames[-1] if frames else 0.0)
    cells = to_cells(frames, scores, envelope.grid, None if finished else reached)
    return judge_cells(cells, envelope, calibration, method=method)


def judge_cells(cells: Curve, envelope: Envelope, calibration: Calibration, *, method: Method = METHOD) -> Verdict:
    """Judges one run by its curve in the cells of the reference; see `to_cells`."""
    curves = calibration.curves
    basis, baseline, calibration = alarm_basis(envelope, calibration, method)
    looks = tuple(_looks(cells, envelope, calibration, baseline))
    worst = max((look.deficit for look in looks), default=-math.inf)
    first = next((look.frames for look in looks if look.below(WATCH_RATE)), None)
    last = looks[-1] if looks else None
    caught = flat_run_caught_at(basis, envelope, baseline, calibration)
    state, reason = _decide(last, first, envelope, calibration, method, caught)
    p = p_value(worst, calibration)
    return Verdict(state, reason, p, worst, first, last.share if last else 0.0, last, looks, curves, basis)


def first_look(envelope: Envelope, method: Method = METHOD) -> float:
    """Returns the frames at which verdicts start: the end of the first cell after the burn-in."""
    shares = (edge for edge in envelope.grid if edge / envelope.budget >= method.burn_in)
    return next(shares, float(envelope.budget))


def is_judged(verdict: Verdict, method: Method = METHOD) -> bool:
    """Returns whether the run has a score in the cells that a verdict is given for."""
    last = verdict.last
    return last is not None and last.score is not None and last.share >= method.burn_in


def p_value(deficit: float, calibration: Calibration) -> float:
    """Returns the share of healthy runs that fall this far below the reference at any look."""
    if deficit <= 0:
        return 1.0
    as_low = bisect_left(calibration.null, True, key=lambda value: value < deficit)
    return (1 + as_low) / (calibration.curves + 1)


def escalate(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Judges the seeds of one task together: all seeds that are too low become REGRESSED.

    This needs two seeds that are too low, and at least half of all seeds. Both of two healthy seeds were too low in at
    most 3.3 % of the published pairs of any suite.
    """
    flagged = [verdict for verdict in verdicts if verdict.state.flagged and not _only_another_laboratory(verdict.last)]
    if len(flagged) < 2 or 2 * len(flagged) < len(verdicts):
        return list(verdicts)
    more = f"; {len(flagged)} of {len(verdicts)} seeds of this task are too low"
    return [
        replace(verdict, state=State.REGRESSED, reason=verdict.reason + more) if verdict in flagged else verdict
        for verdict in verdicts
    ]


def _looks(cells: Curve, envelope: Envelope, calibration: Calibration, baseline: SeedBand) -> Iterable[Look]:
    watch = baseline.alarm(calibration.alarm.get(WATCH_RATE))
    factor = widening(envelope)
    wide = baseline.widened(factor)
    stop = wide.alarm(calibration.alarm.get(STOP_RATE))
    middle = baseline.middle
    deficits, scores = baseline.deficits(cells), trailing(cells, baseline.method.window)
    count = max((i + 1 for i, score in enumerate(cells) if score is not None), default=0)
    limits = reference_limits(envelope)
    bands = envelope.pi90_low or (None,) * len(cells), envelope.pi90_high or (None,) * len(cells)
    for i in range(count):
        share = envelope.grid[i] / envelope.budget
        p, p_wide = (p_value(deficits[i] / times, calibration) for times in (1.0, factor))
        low, high = spread_out(bands[0][i], bands[1][i], factor)
        band = (middle[i], within(low, limits), within(high, limits))
        yield Look(envelope.grid[i], share, scores[i], *band, watch[i], stop[i], deficits[i], p, p_wide)


def _only_another_laboratory(look: Look | None) -> bool:
    """Returns whether a run is too low for the reference's laboratory alone, and not in the wider band."""
    return look is not None and look.below(WATCH_RATE) and not look.below_wide(WATCH_RATE)


def _decide(
    last: Look | None,
    first: float | None,
    envelope: Envelope,
    calibration: Calibration,
    method: Method,
    caught: float | None,
) -> tuple[State, str]:
    if envelope.seeds < 3 or WATCH_RATE * (calibration.curves + 1) < 1:
        few = f"{envelope.seeds} reference seeds and {calibration.curves} healthy curves"
        return State.UNDECIDABLE, f"{few} are too few to call a run too low (3 and {1 / WATCH_RATE - 1:.0f} are needed)"
    if last is None or last.score is None or last.share < method.burn_in:
        return State.TOO_EARLY, f"verdicts start at {first_look(envelope, method):,.0f} frames"
    where = f"{last.score:.4g} at {last.frames:,.0f} frames"
    if last.below_wide(STOP_RATE):
        return (
            State.REGRESSED,
            f"{where}, {_reference_text(last)}: at most {last.p_wide:.1%} of healthy runs are ever this low",
        )
    if last.below_wide(WATCH_RATE) and last.share >= USED_UP:
        return State.REGRESSED, f"{where}, {_reference_text(last)}, and still too low at the end"
    if last.below(WATCH_RATE):
        seeds = f" of {envelope.laboratory}" if _only_another_laboratory(last) else ""
        return State.WATCH, f"{where}, {_reference_text(last)}: {last.p:.1%} of healthy runs{seeds} are ever this low"
    if caught is None:
        return (
            State.UNDECIDABLE,
            "one seed cannot distinguish a run that learns nothing from the reference on this task",
        )
    if first is not None:
        return State.OK, f"{where}; was too low from {first:,.0f} frames on and has recovered"
    if last.frames < caught:
        return State.OK, f"{where}; a run that learns nothing would be detected at {caught:,.0f} frames"
    return State.OK, f"{where}, {_reference_text(last)}"


def _reference_text(look: Look) -> str:
    if look.median is None:
        return "no reference at this point"
    if look.low is None or look.high is None:
        return f"reference {look.median:.4g}"
    return f"reference {look.median:.4g} (90 % of seeds {look.low:.4g} to {look.high:.4g})"
