"""Scores and metrics over environment frames, kept in order while a log grows, restarts and repeats itself."""

from __future__ import annotations

import operator
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice

from .order import JITTER, Order

#: Values of a metric that are kept; if there are more, every second one is dropped.
CAPACITY = 8192


class Scores:
    """Scores of finished episodes, ascending in frames.

    Attributes:
      frames: environment frames at the end of each episode.
      values: score of each episode.
      rewinds: how often the log went back, because the run was resumed from an earlier checkpoint.
      replaced: number of scores that a later score of the same frames replaced, or that a rewind removed.
      order: holds back scores far from the others.
    """

    def __init__(self, same: str = "keep") -> None:
        """Args: same: a second score at the same frames is another episode (``keep``) or a repetition (``replace``)."""
        self.frames, self.values = array("d"), array("d")
        self.rewinds = self.replaced = 0
        self.order: Order[float] = Order()
        self._replace = same == "replace"
        self._rejoin = False

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return zip(self.frames, self.values, strict=True)

    def rejoin(self) -> None:
        """Announces that the next score comes from a new file; all known scores from its frames on are then dropped."""
        self._rejoin = True

    def restart(self, x: float) -> None:
        """Drops the scores from these frames on, because the program says that it starts there again."""
        self._cut(x)
        self.order.trust()

    def clear(self) -> None:
        """Drops all scores, because their file is read again."""
        del self.frames[:], self.values[:]
        self.order = Order()

    def take(self, frames: Sequence[float]) -> list[tuple[float, float]]:
        """Removes the scores at exactly these frames and returns them in the given order."""
        taken = []
        for x in frames:
            at = bisect_left(self.frames, x)
            while at < len(self.frames) and self.frames[at] == x:
                taken.append((x, self.values[at]))
                del self.frames[at], self.values[at]
        return taken

    def extend(self, frames: Sequence[float], values: Sequence[float]) -> None:
        """Adds scores in the order of the log."""
        if frames and self._rejoin:
            self._rejoin = False
            self._cut(frames[0])
            self.order.trust()
        if frames and self._rises(frames):
            self.frames.extend(frames)
            self.values.extend(values)
            self.order.skip(frames)
            return
        for x, y in zip(frames, values, strict=True):
            self.add(x, y)

    def add(self, x: float, y: float) -> None:
        """Adds one score. After a rewind, the later scores are dropped: the resumed run repeats these steps."""
        for frames, score in self.order.admit(x, y):
            self._add(frames, score)

    def _add(self, x: float, y: float) -> None:
        last = self.frames[-1] if self.frames else -1.0
        if last - x > JITTER:
            self.rewinds += 1
            self._cut(x)
            last = -1.0
        if x > last:
            self.frames.append(x)
            self.values.append(y)
        else:
            self._insert(x, y)

    def _rises(self, frames: Sequence[float]) -> bool:
        """Returns whether the scores can be appended as they are."""
        last = self.frames[-1] if self.frames else -1.0
        in_order = operator.lt if self._replace else operator.le
        rising = in_order(last, frames[0]) and all(map(in_order, frames, islice(frames, 1, None)))
        return rising and self.order.near(frames)

    def _cut(self, x: float) -> None:
        at = bisect_left(self.frames, x)
        self.replaced += len(self.frames) - at
        del self.frames[at:], self.values[at:]

    def _insert(self, x: float, y: float) -> None:
        at = bisect_right(self.frames, x)
        if self._replace and at and self.frames[at - 1] == x:
            self.replaced += 1
            self.values[at - 1] = y
            return
        self.frames.insert(at, x)
        self.values.insert(at, y)


class Series:
    """One metric over frames, thinned so that its memory is bounded for a log of any length."""

    def __init__(self) -> None:
        self.frames, self.values = array("d"), array("d")

    def __len__(self) -> int:
        return len(self.frames)

    def add(self, x: float, y: float) -> None:
        """Adds a value; known values at the same or later frames are dropped, because the run was resumed."""
        if self.frames and x <= self.frames[-1]:
            at = bisect_left(self.frames, x)
            del self.frames[at:], self.values[at:]
        self.frames.append(x)
        self.values.append(y)
        if len(self.frames) > CAPACITY:
            del self.frames[-2:0:-2], self.values[-2:0:-2]

    @property
    def last(self) -> float:
        """The newest value.

        Raises:
          IndexError: there is no value.
        """
        return self.values[-1]

    def tail(self, share: float) -> list[float]:
        """Returns the values in the last share of the frames seen so far."""
        if not self.frames:
            return []
        since = self.frames[-1] - share * (self.frames[-1] - self.frames[0])
        return list(self.values[bisect_left(self.frames, since) :])

    def slope(self, share: float = 1.0) -> float | None:
        """Returns the growth per frame over the last share of the frames; None for fewer than two values."""
        if len(self.frames) < 2:
            return None
        since = self.frames[-1] - share * (self.frames[-1] - self.frames[0])
        first = min(bisect_left(self.frames, since), len(self.frames) - 2)
        return (self.values[-1] - self.values[first]) / (self.frames[-1] - self.frames[first])
