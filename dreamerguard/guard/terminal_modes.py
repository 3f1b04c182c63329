"""Hands the controlling terminal to the guarded program; only one process group has the terminal at a time.

The program gets the terminal as from a shell, so that Ctrl-C and Ctrl-Z reach the program once and never the guard.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Terminal:
    """The controlling terminal of this process. Without a terminal, every method does nothing."""

    def __init__(self) -> None:
        self._handle: int | None = None
        with suppress(OSError):
            self._handle = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)

    def holds(self, group: int) -> bool:
        """Returns whether a process group has the terminal."""
        if self._handle is None:
            return False
        try:
            return os.tcgetpgrp(self._handle) == group
        except OSError:  # the terminal was closed
            return False

    def pass_on(self, holder: int, group: int) -> bool:
        """Gives the terminal to ``group`` if ``holder`` has it. Returns whether it was given."""
        if self._handle is None or not self.holds(holder):
            return False
        try:
            with _sigttou_blocked():
                os.tcsetpgrp(self._handle, group)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Closes the handle of the terminal."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextmanager
def _sigttou_blocked() -> Iterator[None]:
    """Blocks SIGTTOU, which would stop a background group that takes the terminal."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
