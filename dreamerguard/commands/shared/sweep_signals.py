"""Signals that end the controller of a sweep: the first asks all runs to save, the second leaves them running."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType, TracebackType
from typing import Any

from .exit_codes import SIGNALLED

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
#: Handled also if the process ignored them before.
_ALWAYS = (signal.SIGINT, signal.SIGTERM)


class SweepSignals:
    """Context manager that keeps the first signal. Main thread only.

    Attributes:
      received: the first signal; None if there was none.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> SweepSignals:
        for number in _STOPPING:
            if number in _ALWAYS or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = signal.Signals(number)
            return
        sys.stderr.flush()
        os._exit(SIGNALLED + number)  # workers go on; the next controller adopts them
