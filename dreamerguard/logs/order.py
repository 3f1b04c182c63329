"""Checks that the rows of a log follow each other, so that one stray row cannot wipe or end a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Generic, TypeGuard, TypeVar

#: Frames by which episodes of parallel environments may be out of order; a log that goes back further was resumed.
JITTER = 1024

#: Largest frames and largest size of a score that a run can have. Sums and squares of such numbers stay finite.
LARGEST = 1e15

#: A row this many times later than all rows before is far from them, once there are `_KNOWN` rows.
_FAR, _KNOWN = 100, 20

#: Rows that are held back at most.
_HELD = 1000

T = TypeVar("T")


class Order(Generic[T]):
    """Holds back a row that goes far back or far ahead until the next row confirms or contradicts it.

    A resumed run goes back once and then continues from there: its second row confirms the first. A single row with a
    wrong step is followed by a row that continues where the log was.

    Attributes:
      strays: number of rows that the next row contradicted.
    """

    def __init__(self) -> None:
        self.strays = 0
        self._last, self._count = 0.0, 0
        self._trusted = False
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
            self.strays += len(self._held)
            self._held.clear()
            self._last = x if self._trusted else max(self._last, x)
            self._trusted, self._count = False, self._count + 1
            return [(x, row)]
        if self._held and (self._held[-1][0] < self._last) != (x < self._last):
            self.strays += len(self._held)
            self._held.clear()
        self._held.append((x, row))
        if self._held[0][0] == x and len(self._held) < _HELD:
            return []
        found, self._held = self._held, []
        self._last, self._count = x, 0
        return found

    def near(self, frames: Sequence[float]) -> bool:
        """Returns whether ascending rows can be taken together: no row is held back, and none is far ahead."""
        usual = max(self._last, frames[len(frames) // 2], float(JITTER))
        return not self._held and frames[-1] <= _FAR * usual

    def skip(self, x: float, count: int) -> None:
        """Notes that ``count`` rows up to ``x`` were taken without `admit`."""
        self._last, self._count, self._trusted = x, self._count + count, False

    def _fits(self, x: float) -> bool:
        if not self._count and not self._held and not self._last:
            return True
        back = bool(self._held) and self._held[0][0] < self._last
        if x < self._last if back else self._last - x > JITTER:
            return False
        return self._count < _KNOWN or x <= _FAR * max(self._last, float(JITTER))


def is_finite(value: object) -> TypeGuard[float]:
    """Returns whether a value of a log is a number that a float can hold."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_score(value: object) -> TypeGuard[float]:
    """Returns whether a value of a log can be a score."""
    return is_finite(value) and abs(value) <= LARGEST


def is_step(value: object) -> TypeGuard[float]:
    """Returns whether a value of a log can be a number of steps."""
    return is_finite(value) and 0 <= value <= LARGEST
