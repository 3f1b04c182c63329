"""One save in flight: the training thread copies the replay bit by bit, another thread writes and publishes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .array_file import Array
from .chunks import ChunkCopy
from .draft import ReplayPlan

#: Bytes that may wait for the thread before copying pauses.
_WAITING = 1 << 28
#: Seconds to wait for a thread whose save was abandoned; a disk may hang.
_PATIENCE = 5.0


class Saves(Protocol):
    """Where a save goes; see `checkpoints.folder.Checkpoints`."""

    def save(
        self,
        step: int,
        numbers: Mapping[str, Any],
        parts: Mapping[str, Mapping[str, Array]],
        plan: ReplayPlan | None,
        pieces: Iterable[ChunkCopy],
        epoch: int,
        /,
    ) -> None:
        """Saves a content."""


class ReplayCopy(Protocol):
    """A copy of the replay's chunks as they were at one moment.

    Attributes:
      plan: where the chunks are or will be stored.
      epoch: chunks that change after this copy belong to a later epoch.
    """

    plan: ReplayPlan
    epoch: int

    def start(self, put: Callable[[ChunkCopy], None], full: Callable[[], bool]) -> None:
        """Sets where copied chunks go. From now on, chunks are copied before they change.

        Args:
          put: takes a chunk; any thread may call it.
          full: whether so many chunks wait that threads beside the training must wait, too.
        """

    def copy(self, enough: Callable[[], bool]) -> bool:
        """Copies chunks until ``enough()`` is true. Returns whether all are copied."""

    def stop(self) -> None:
        """Ends the copy: chunks are no longer copied before they change."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a checkpoint, fixed at one moment.

    Attributes:
      step: agent steps.
      frames: environment frames.
      numbers: counters of the run, as JSON.
      parts: arrays on the host, by part and name.
      replay: copy of the replay, or None to store none.
      sync: waits until the logs that ``numbers`` refer to are on the disk. Called by the thread that writes.
    """

    step: int
    frames: int
    numbers: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Array]]
    replay: ReplayCopy | None = None
    sync: Callable[[], None] = lambda: None


class SaveJob:
    """Saves one content. All methods are for the training thread.

    Attributes:
      content: what is saved.
      error: the failure, once `ended`; None if the checkpoint was published.
    """

    def __init__(self, checkpoints: Saves, content: Content) -> None:
        self.content = content
        self.error: Exception | None = None
        self._checkpoints, self._abandoned = checkpoints, False
        self._put_bytes = self._taken_bytes = 0
        self._putting = threading.Lock()
        self._queue: queue.SimpleQueue[ChunkCopy | None] = queue.SimpleQueue()
        self._copying = content.replay is not None
        if content.replay:
            content.replay.start(self._put, self._full)
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the thread has ended."""
        return not self._thread.is_alive()

    def copy(self, enough: Callable[[], bool]) -> None:
        """Copies some of the replay, until ``enough()`` is true or the thread has enough to write."""
        replay = self.content.replay
        if replay and self._copying and replay.copy(lambda: enough() or self._full()):
            self._close()

    def wait(self, seconds: float) -> None:
        """Copies the rest and waits for the thread, up to ``seconds``."""
        if not self.ended:
            self.copy(lambda: False)
            self._thread.join(seconds)
        if self.ended:
            self._close()

    def abandon(self) -> None:
        """Ends the save without a checkpoint, unless it is complete already."""
        self._abandoned = True
        self._close()
        self._thread.join(_PATIENCE)

    def _close(self) -> None:
        if self._copying and self.content.replay:
            self.content.replay.stop()
        self._copying = False
        self._queue.put(None)

    def _full(self) -> bool:
        return self._put_bytes - self._taken_bytes > _WAITING

    def _put(self, piece: ChunkCopy) -> None:
        with self._putting:
            self._put_bytes += _bytes_of(piece)
        self._queue.put(piece)

    def _pieces(self) -> Iterator[ChunkCopy]:
        while (piece := self._queue.get()) is not None and not self._abandoned:
            yield piece
            self._taken_bytes += _bytes_of(piece)
        if self._abandoned:
            raise InterruptedError("the save was abandoned")

    def _run(self) -> None:
        content, replay = self.content, self.content.replay
        plan, epoch = (replay.plan, replay.epoch) if replay else (None, 0)
        try:
            content.sync()
            self._checkpoints.save(content.step, content.numbers, content.parts, plan, self._pieces(), epoch)
        except Exception as error:  # the training thread decides
            self.error = error


def _bytes_of(piece: ChunkCopy) -> int:
    return sum(array.nbytes for array in piece.arrays.values())
