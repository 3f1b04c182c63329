"""Checks that the rows of a log follow each other, so that one stray row cannot wipe or end a run."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Generic, TypeGuard, TypeVar

#: Frames by which episodes of parallel environments may be out of order; a log that goes back further was resumed.
JITTER = 1024

#: Largest frames and largest size of a score that a run can have. Sums and squares of such numbers stay finite.
LARGEST = 1e15

#: A row is far ahead from this many times the largest step between two rows so far.
_FAR = 10

#: Rows that are held back at most.
_HELD = 1000

T = TypeVar("T")


class Order(Generic[T]):
    """Holds back a row that goes far back or far ahead until the next rows confirm or contradict it.

    A resumed run goes back once and then continues from there: its second row confirms the first. A single row with a
    wrong step is followed by a row that continues where the log was. Three rows in ascending order confirm each other
    however far apart they are.

    Attributes:
      strays: number of rows that the next row contradicted.
    """

    def __init__(self) -> None:
        self.strays = 0
        self._last, self._step = 0.0, 0.0
        self._any = self._trusted = False
        self._held: list[tuple[float, T]] = []

    @property
    def waiting(self) -> int:
        """The number of rows that are held back."""
        return len(self._held)

    def trust(self) -> None:
        """Announces that the next row is the first of a new file, which needs no confirmation."""
        self._trusted = True

    def admit(self, x: float, row: T) -> list[tuple[float, T]]:
        """Takes the next row of the log. Returns the rows that count now, in the order of the log."""
        if self._trusted or self._fits(x):
            self._drop_held()
            if not self._trusted:
                self._step = max(self._step, x - self._last)
            self._last = x if self._trusted else max(self._last, x)
            self._trusted, self._any = False, True
            return [(x, row)]
        if self._held and not self._continues(x):
            self._drop_held()
        self._held.append((x, row))
        if not self._confirmed() and len(self._held) < _HELD:
            return []
        found, self._held = self._held, []
        self._last = x
        steps = [b - a for (a, _), (b, _) in pairwise(found) if b > a]
        if len(steps) > 1:  # rows as far apart follow
            self._step = max(self._step, min(steps))
        return found

    def near(self, frames: Sequence[float]) -> bool:
        """Returns whether ascending rows can be taken together: no row is held back, and none is far ahead."""
        if self._held:
            return False
        first = self._last if self._any and not self._trusted else frames[0]
        largest = max(map(operator.sub, islice(frames, 1, None), frames), default=0.0)
        return max(largest, frames[0] - first) <= self._reach(frames[0])

    def skip(self, frames: Sequence[float]) -> None:
        """Notes ascending rows that were taken without `admit`."""
        if not self._any:
            self._step = frames[0]
        steps = map(operator.sub, islice(frames, 1, None), frames)
        before = frames[0] if self._trusted else self._last
        self._step = max(self._step, frames[0] - before if self._any else 0.0, max(steps, default=0.0))
        self._last, self._any, self._trusted = frames[-1], True, False

    def _reach(self, first: float) -> float:
        """Returns the largest step that needs no confirmation; the first row may come after any number of frames."""
        return _FAR * max(self._step if self._any else first, float(JITTER))

    def _fits(self, x: float) -> bool:
        if not self._any and not self._held:
            return True
        back = bool(self._held) and self._held[0][0] < self._last
        if x < self._last if back else self._last - x > JITTER:
            return False
        return x - self._last <= self._reach(x)

    def _continues(self, x: float) -> bool:
        """Returns whether a row lies on the same side of the known rows as those that are held, and not before them."""
        held = self._held[-1][0]
        return (held < self._last) == (x < self._last) and x >= held - JITTER

    def _confirmed(self) -> bool:
        first, last = self._held[0][0], self._held[-1][0]
        if first == last:
            return False
        near = last - self._held[-2][0] <= self._reach(last)
        return near or len({x for x, _ in self._held}) >= 3

    def _drop_held(self) -> None:
        self.strays += len(self._held)
        self._held.clear()


def is_finite(value: object) -> TypeGuard[float]:
    """Returns whether a value of a log is a number that a float can hold."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_score(value: object) -> TypeGuard[float]:
    """Returns whether a value of a log can be a score."""
    return is_finite(value) and abs(value) <= LARGEST


def is_step(value: object) -> TypeGuard[float]:
    """Returns whether a value of a log can be a number of steps."""
    return is_finite(value) and 0 <= value <= LARGEST


def are_steps(values: Sequence[float]) -> bool:
    """Returns whether `is_step` holds for all of some numbers, of which none is a boolean."""
    return _are_within(values, 0, LARGEST)


def are_scores(values: Sequence[float]) -> bool:
    """Returns whether `is_score` holds for all of some numbers, of which none is a boolean."""
    return _are_within(values, -LARGEST, LARGEST)


def _are_within(values: Sequence[float], low: float, high: float) -> bool:
    if not values:
        return True
    return min(values) >= low and max(values) <= high and not math.isnan(sum(values))
