"""Keeps the files of a run directory other than logs and checkpoints complete while the run trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard_agent.events import Observer

    from .open_run import OpenedRun


class RunFiles:
    """Forwards all events to another observer, and keeps configuration, lint report and manifest complete.

    Args:
      inner: the observer that receives all events.
      run: the run, its directory and the content of the files.
    """

    def __init__(self, inner: Observer, run: OpenedRun) -> None:
        self._inner, self._run = inner, run
        self._identity, self._noted = _identity(run.directory), False

    def phase(self, text: str) -> None:
        """Forwards the start of a phase."""
        self._inner.phase(text)

    def note(self, text: str) -> None:
        """Forwards a note."""
        self._inner.note(text)

    def episode(self, frames: int, episode: Any) -> None:
        """Forwards a finished episode."""
        self._inner.episode(frames, episode)

    def metrics(self, row: Mapping[str, float]) -> None:
        """Forwards a row of metrics, and ends the run if another process has taken its directory."""
        self._inner.metrics(row)
        if self._run.lock.taken:
            from .exit_codes import IN_USE

            fail(f"another process has taken {self._run.directory}, because this one seemed to have ended", IN_USE)

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Forwards the scores of an evaluation."""
        self._inner.evaluated(frames, scores)

    def saved(self, frames: int) -> None:
        """Forwards a saved checkpoint, notes the first one in the manifest, and writes files that are missing."""
        self._inner.saved(frames)
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
