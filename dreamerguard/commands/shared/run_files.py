"""Keeps the files of a run directory other than logs and checkpoints complete while the run trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.guard.forwarding import ForwardingObserver, TrainingObserver

from .errors import fail

if TYPE_CHECKING:
    from .open_run import OpenedRun


class RunFiles(ForwardingObserver):
    """Forwards all events to another observer, and keeps configuration, lint report and manifest complete.

    Args:
      inner: the observer that receives all events.
      run: the run, its directory and the content of the files.
    """

    def __init__(self, inner: TrainingObserver, run: OpenedRun) -> None:
        super().__init__(inner)
        self._run = run
        self._identity, self._noted = _identity(run.directory), False

    def metrics(self, row: Mapping[str, float]) -> None:
        """Forwards a row of metrics, and ends the run if another process has taken its directory."""
        super().metrics(row)
        if self._run.lock.taken:
            from .exit_codes import IN_USE

            fail(f"another process has taken {self._run.directory}, because this one seemed to have ended", IN_USE)

    def saved(self, frames: int) -> None:
        """Forwards a saved checkpoint, notes the first one in the manifest, and writes files that are missing."""
        super().saved(frames)
        if _identity(self._run.directory) == self._identity:
            self._attempt(lambda: self._note(frames))
            self._attempt(self._put_back)

    def _note(self, frames: int) -> None:
        from dreamerguard.programs.native.manifest import FIRST_SAVE, note_first_save

        if not self._noted:
            self._run.starts[-1][FIRST_SAVE] = frames
            note_first_save(self._run.directory, frames)
            self._noted = True

    def _put_back(self) -> None:
        from dreamerguard.programs.native.run_directory import put_back

        run = self._run
        written = put_back(run.directory, run.config, run.lint, run.starts)
        if written:
            self.note(f"written again, because another process removed it: {', '.join(written)}")

    def _attempt(self, action: Callable[[], None]) -> None:
        """A full disk must not end the run for the sake of these files; the next checkpoint tries again."""
        try:
            action()
        except OSError as error:
            if _identity(self._run.directory) != self._identity:
                return  # the logs notice that, and the run is saved again
            self.note(f"cannot write in {self._run.directory}: {error.strerror or error}; the run goes on")


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        found = directory.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
