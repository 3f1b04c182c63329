"""The controlling terminal, which only one process group at a time may read and be interrupted from.

The guarded program gets it as a shell would give it, so that Ctrl-C and Ctrl-Z reach the program once and the guard
not at all.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Terminal:
    """The terminal of this process; without one every method does nothing."""

    def __init__(self) -> None:
        self._handle: int | None = None
        with suppress(OSError):
            self._handle = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)

    def holds(self, group: int) -> bool:
        """Whether a process group has the terminal."""
        if self._handle is None:
            return False
        try:
            return os.tcgetpgrp(self._handle) == group
        except OSError:  # it was closed
            return False

    def pass_on(self, holder: int, group: int) -> bool:
        """Gives the terminal to a group if another one, ``holder``, has it. Returns whether it changed hands."""
        if self._handle is None or not self.holds(holder):
            return False
        try:
            with _undisturbed():
                os.tcsetpgrp(self._handle, group)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Forgets the terminal."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A group in the background is stopped when it takes the terminal, unless it blocks that signal."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
