"""Measures the speed of a run and its achieved train ratio."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Throughput:
    """Speeds since the last reading, and the time left.

    Args:
      frames: environment frames of the whole run so far.
      updates: gradient updates of the whole run so far.
      clock: seconds from any origin.
    """

    def __init__(self, frames: int, updates: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = self._last = clock()
        self._frames, self._updates = frames, updates
        self._training = False  # whether updates ran before the last reading

    def since_last(self) -> float:
        """Seconds since the last reading."""
        return self._clock() - self._last

    def elapsed(self) -> float:
        """Seconds since this process began to train."""
        return self._clock() - self._start

    def read(self, frames: int, updates: int, total: int) -> dict[str, float]:
        """Frames and updates per second since the last reading, and seconds left until ``total`` frames.

        The time left is infinite while no whole reading had updates: frames without updates are much faster.
        """
        now = self._clock()
        seconds = max(now - self._last, 1e-9)
        speed = (frames - self._frames) / seconds
        row = {
            "fps/frames": speed,
            "fps/updates": (updates - self._updates) / seconds,
            "time/left": (total - frames) / speed if speed and self._training else math.inf,
            "time/elapsed": now - self._start,
        }
        self._training = self._training or updates > self._updates
        self._last, self._frames, self._updates = now, frames, updates
        return row


def achieved_ratio(updates: int, batch_steps: int, steps: int, first: int) -> float:
    """Computes replayed steps per agent step since the first update; NaN before a further step.

    Args:
      updates: updates so far; the first one does not count, because it is due at once.
      batch_steps: replayed steps of one update.
      steps: agent steps so far.
      first: agent steps at the first update, -1 before it.
    """
    if first < 0 or steps <= first:
        return math.nan
    return (updates - 1) * batch_steps / (steps - first)
