"""`RunSaver` of a run that several processes train: that of process 0, which saves, and that of the others."""

from __future__ import annotations

import time
from collections.abc import Callable

from .failures import RunFailed
from .lockstep import Following, Leading
from .run_saver import RunSaver
from .runtime.records import RunDirectoryLost
from .shared_saves import SentSaves

#: Seconds for which copying may hold a step of training.
_PAUSE = 0.02


class LeadingSaver(RunSaver):
    """Saves the run of all processes. `lockstep.Leading` calls `begin_due`, while all stand at one step."""

    lockstep: Leading

    def advance(self) -> None:
        """See `RunSaver`; begins no save."""
        with self._named_by_directory():
            self._saver.advance()
        self._logs.check()

    def finish(self, stop: Callable[[], bool]) -> None:
        """See `RunSaver`. The others take part."""
        self.lockstep.leave_loop()
        super().finish(stop)

    def rescue(self, lost: RunDirectoryLost) -> None:
        """See `RunSaver`. The others take part."""
        self.lockstep.leave_loop()
        super().rescue(lost)

    def end(self) -> None:
        """Tells the others that the run is saved."""
        self.lockstep.end()


class FollowingSaver:
    """Takes part in the saves of process 0.

    Args:
      saves: sends this process's part.
      lockstep: what process 0 says.
    """

    def __init__(self, saves: SentSaves, lockstep: Following) -> None:
        self._saves, self._lockstep = saves, lockstep

    def advance(self) -> None:
        """Copies some pieces that process 0 misses. Called after every step."""
        until = time.monotonic() + _PAUSE
        self._saves.advance(lambda: time.monotonic() > until)

    def finish(self, stop: Callable[[], bool]) -> None:
        """Takes part until process 0 says that the run is saved."""
        self._lockstep.serve()

    def finish_failed(self, failed: RunFailed) -> None:
        """The same, for a run that has failed."""
        self._lockstep.serve()

    def rescue(self, lost: RunDirectoryLost) -> None:
        """Does nothing: this process has no run directory."""

    def abandon(self) -> None:
        """Ends a save in flight."""
        self._saves.abandon()

    def end(self) -> None:
        """Does nothing: process 0 has said that the run is saved."""
