"""What environments in other processes need of their run, and how long they may take for a step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

#: Smallest automatic time limit of a step, in seconds.
FLOOR = 60.0
#: The automatic limit is this many times the slow steps of the worker.
TIMES = 50.0
#: Steps that are remembered, and share of them that are not slow.
REMEMBERED, QUANTILE = 1000, 0.99
#: Steps after which the limit is computed again.
EVERY = 100


def _never() -> bool:
    return False


def _ignore(text: str) -> None:
    del text


@dataclass(frozen=True, slots=True)
class Supervision:
    """The run of some environments.

    Attributes:
      stop: whether the run is to stop; asked while a worker does not answer.
      say: shows one line to the user.
      timeout: seconds after which a worker that does not answer counts as hanging; 0 derives them from its steps.
    """

    stop: Callable[[], bool] = _never
    say: Callable[[str], None] = _ignore
    timeout: float = 0.0


@dataclass(slots=True)
class StepTimes:
    """Durations of a worker's steps, and the time limit that follows from them.

    Attributes:
      fixed: limit in seconds; 0 for the automatic limit.
    """

    fixed: float = 0.0
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _count: int = 0
    _slow: float = 0.0

    def add(self, seconds: float) -> None:
        """Adds the duration of one step."""
        self._seconds.append(seconds)
        self._count += 1
        if self._count % EVERY == 0:
            self._slow = float(np.quantile(self._seconds, QUANTILE))

    @property
    def limit(self) -> float:
        """Seconds after which the worker counts as hanging."""
        return self.fixed or max(FLOOR, TIMES * self._slow)
