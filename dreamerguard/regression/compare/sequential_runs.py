"""The runs of a sequential comparison: which are complete, in which order they count, and whether any was swapped.

A run is known by its scores up to the compared frames, so it may be moved and may go on after its end.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dreamerguard.logs import RunLog
from dreamerguard.regression.reference.comparability import Side
from dreamerguard.util.text import number_of

from .sequential_plan import PlanError

#: Share of the planned frames from which a run is complete, as in `watch`.
_COMPLETE = 0.97

#: Suite and task.
Key = tuple[str, str]

CANDIDATE, BASELINE = "candidate", "baseline"


@dataclass(frozen=True, slots=True)
class EnrolledRun:
    """A run that counts, in the order in which it came.

    Attributes:
      side: ``candidate`` or ``baseline``.
      suite, task: its task.
      directory: the directory as typed when the run came.
      scores: SHA-256 of its scores up to the compared frames.
    """

    side: str
    suite: str
    task: str
    directory: str
    scores: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Side, suite and task."""
        return self.side, self.suite, self.task


def target_frames(sides: Sequence[Side], budget: float | None) -> float:
    """Returns the frames that a run of one task must nearly reach to be complete.

    Args:
      sides: runs of one task.
      budget: length of the reference curves; None for baseline runs.
    """
    planned = [side.log.facts.frames for side in sides if side.log.facts.frames]
    longest = min(planned) if planned else max(side.log.frames for side in sides)
    return min(longest, budget) if budget else longest


def is_complete(log: RunLog, frames: float) -> bool:
    """Returns whether a run has reached the compared frames, but for the last rows."""
    return log.frames >= _COMPLETE * frames


def scores_hash(log: RunLog, frames: float) -> str:
    """Returns the SHA-256 of a run's scores up to a number of frames."""
    scores = log.scores[0]
    count = sum(1 for x in scores.frames if x <= frames)
    digest = hashlib.sha256(memoryview(scores.frames)[:count].tobytes())
    digest.update(memoryview(scores.values)[:count].tobytes())
    return digest.hexdigest()


def enroll(
    known: Sequence[EnrolledRun], groups: Mapping[str, Sequence[Side]], frames: Mapping[Key, float]
) -> tuple[list[EnrolledRun], dict[EnrolledRun, Side]]:
    """Returns all runs that count, the known ones first, with their logs.

    New runs come in the order of their names, so that no score decides which seed counts at which look.

    Args:
      known: the runs of earlier calls.
      groups: side -> its complete runs of this call.
      frames: compared frames of each task.

    Raises:
      PlanError: a known run is missing or has other scores, or a run is given twice.
    """
    given: dict[EnrolledRun, Side] = {}
    for name, sides in groups.items():
        for side in sorted(sides, key=lambda item: _natural(str(item.log.directory))):
            mark = scores_hash(side.log, _COMPLETE * frames[side.suite, side.task])
            run = EnrolledRun(name, side.suite, side.task, str(side.log.directory), mark)
            twin = next((other for other in given if other.scores == mark and other.place[1:] == run.place[1:]), None)
            if twin is not None:
                raise PlanError(f"{run.directory} has exactly the scores of {twin.directory}: copies are no new seeds")
            given[run] = side
    found = {(run.place, run.scores): run for run in given}
    order, lost = [], []
    for run in known:
        now = found.pop((run.place, run.scores), None)
        if now is None:
            lost.append(run)
        else:
            order.append(now)
    if lost:
        raise PlanError(_swapped(lost, given))
    order += found.values()
    return order, {run: given[run] for run in order}


def _swapped(lost: Sequence[EnrolledRun], given: Mapping[EnrolledRun, Side]) -> str:
    now = {(run.side, run.directory): run for run in given}
    run = lost[0]
    same = now.get((run.side, run.directory))
    more = f" (and {number_of(len(lost) - 1, 'more run')})" if len(lost) > 1 else ""
    if same is not None:
        what = f"{run.side} {run.directory}{more} has other scores than at an earlier look"
    else:
        what = f"{run.side} {run.directory}{more} counted at an earlier look and is not given now"
    return (
        f"{what}: runs must not be swapped between looks, or the error rate does not hold. Give all earlier runs again;"
        " a new comparison with new runs needs another file: --plan FILE"
    )


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Returns a sort key by which seed10 comes after seed2."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]
