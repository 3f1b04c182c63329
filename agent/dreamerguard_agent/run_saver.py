"""Saves a run: from time to time, at its end, after failures, and in another directory if its own is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from .checkpoints.chunks import StoredReplay
from .checkpoints.errors import NotSaved
from .checkpoints.folder import Checkpoints
from .checkpoints.save_job import Content
from .checkpoints.saver import BackgroundSaver
from .events import Observer
from .failures import RunFailed
from .run_state import Experience, RunState
from .runtime.records import RunDirectoryLost, SeedRecords


class RunSaver:
    """Saves a run with its logs.

    Args:
      state: the run.
      checkpoints: where to save.
      logs: its logs, which a checkpoint refers to.
      observer: receives the events.
      gather: returns the experience of all processes; by default that of this one. See `RunState.experience`.
    """

    def __init__(
        self,
        state: RunState,
        checkpoints: Checkpoints,
        logs: SeedRecords,
        observer: Observer,
        gather: Callable[[StoredReplay | None], Experience] | None = None,
    ) -> None:
        self._state, self._checkpoints, self._logs, self._observer = state, checkpoints, logs, observer
        self._gather = gather or state.experience
        self._saver = self._make_saver()

    def advance(self) -> None:
        """Goes on with a save in flight, or begins one that is due. Called after every step.

        Raises:
          NotSaved: no checkpoint could be saved for too long.
          RunDirectoryLost: the run directory was removed or replaced.
        """
        with self._named_by_directory():
            self._saver.advance()
        self.begin_due()
        self._logs.check()

    def begin_due(self) -> None:
        """Begins a save that is due. The end of the run is saved by `finish`, after its last evaluation.

        Raises:
          NotSaved: no checkpoint could be saved for too long.
          RunDirectoryLost: the run directory was removed or replaced.
        """
        if self._saver.due and not self._state.counters.finished:
            with self._named_by_directory():
                self._saver.start(self._content)

    def finish(self, stop: Callable[[], bool]) -> None:
        """Saves the end of the run.

        Args:
          stop: whether the run was asked to stop: then a failing save is not tried again.

        Raises:
          NotSaved: it could not be saved.
          RunDirectoryLost: the run directory was removed or replaced.
        """
        with self._named_by_directory():
            self._saver.finish(self._state.counters.steps, self._content, stop)
            self._logs.check()

    def finish_failed(self, failed: RunFailed) -> None:
        """Saves a run that cannot go on, and notes on the failure where.

        Raises:
          RunDirectoryLost: the directory is lost, too; the run was saved elsewhere.
        """
        try:
            self.finish(lambda: True)
            failed.frames = self._state.counters.frames
        except NotSaved as error:
            self._observer.note(str(error))
        except RunDirectoryLost as lost:
            self.rescue(lost)
            raise

    def rescue(self, lost: RunDirectoryLost) -> None:
        """Saves the run in a new directory, from memory and the open logs, and notes on the failure where."""
        lost.frames = self._state.counters.frames
        try:
            self.abandon()
            target = self._logs.rescue()
            self._checkpoints = Checkpoints(target / "checkpoints", self._state.config.checkpoint.keep)
            self._make_saver().finish(self._state.counters.steps, self._content, lambda: True)
        except Exception as error:  # whatever the disk or a library says, the caller has to know
            lost.reason = str(error).partition("\n")[0]
        else:
            lost.saved = target

    def abandon(self) -> None:
        """Ends a save in flight without a checkpoint."""
        self._saver.abandon()

    def end(self) -> None:
        """Notes that the run has ended well."""

    def _content(self) -> Content:
        self._logs.check(everything=True)
        if line := self._checkpoints.put_back():
            self._observer.note(line)
        content = self._state.content(self._logs.sizes(), lambda: self._gather(self._checkpoints.shared()))
        return replace(content, sync=self._logs.sync)

    def _make_saver(self) -> BackgroundSaver:
        section = self._state.config.checkpoint
        return BackgroundSaver(
            self._checkpoints,
            every=section.every,
            max_unsaved=section.max_unsaved,
            say=self._observer.note,
            saved=self._observer.saved,
        )

    @contextmanager
    def _named_by_directory(self) -> Iterator[None]:
        """Reports a save that failed because the run directory is lost as that."""
        try:
            yield
        except NotSaved:
            self._logs.check(everything=True)
            raise
