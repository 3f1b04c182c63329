"""Plays the evaluations of a run beside its training, with a copy of the parameters from the moment they were due.

One evaluation at a time: if the next one is due earlier, training waits. So the rows of ``eval.jsonl`` depend on the
seed alone, not on the speed of the machine. An evaluation that has not ended when a checkpoint is written is part of
it, with its parameters; a resumed run plays it again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any

import jax
import jax.numpy as jnp

from .driver import FinishedEpisode
from .envs import Supervision, WaitEnded
from .evaluate import Evaluator

#: Seconds between two looks at a thread that plays.
_LOOK = 0.05
#: Seconds for which a run that is to stop waits for an environment that does not answer.
_GRACE = 10.0
#: Part of a checkpoint that holds the parameters of an evaluation that has not ended.
PART = "evaluation"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an evaluation judges.

    Attributes:
      frames: environment frames of each agent when it was due.
      updates: gradient updates until then.
      params: parameters of all agents; a copy, because an update donates the original.
    """

    frames: int
    updates: int
    params: Any

    @classmethod
    def of(cls, frames: int, updates: int, params: Any) -> Snapshot:
        """Copies the parameters."""
        return cls(frames, updates, jax.tree.map(jnp.copy, params))


@dataclass(frozen=True, slots=True)
class Played:
    """An evaluation that has ended: the snapshot that it judged, and the episodes of each agent."""

    snapshot: Snapshot
    episodes: Sequence[Sequence[FinishedEpisode]]


class BackgroundEvaluation:
    """Plays one evaluation at a time.

    Args:
      make: makes the evaluator for a supervision. Its environments are made, stepped and closed in one thread.
      supervision: the run.
      background: play in a thread of its own; if not, `begin` returns when the evaluation has ended.

    Attributes:
      pending: the evaluation that was begun and not taken; None if there is none.
      played: evaluations that were taken, over all starts of the run.
    """

    def __init__(
        self, make: Callable[[Supervision], Evaluator], supervision: Supervision, *, background: bool = True
    ) -> None:
        self._supervision, self._background, self._ended = supervision, background, threading.Event()
        self._notes: SimpleQueue[str] = SimpleQueue()
        self._evaluator = make(replace(supervision, stop=self._stops, say=self._notes.put))
        self._thread: threading.Thread | None = None
        self._episodes: list[list[FinishedEpisode]] | None = None
        self._failure: BaseException | None = None
        self.pending: Snapshot | None = None
        self.played = 0

    def begin(self, snapshot: Snapshot) -> None:
        """Begins an evaluation. The one before must have been taken."""
        assert self._thread is None
        self.pending, self._episodes, self._failure = snapshot, None, None
        self._evaluator.played = self.played
        # A daemon: an environment that never answers cannot keep the process from ending.
        self._thread = threading.Thread(target=self._play, args=(snapshot,), name="evaluation", daemon=True)
        if self._background:
            self._thread.start()
        else:
            self._play(snapshot)

    def take(self, *, wait: bool) -> Played | None:
        """Returns the evaluation that has ended, once; None if there is none.

        Args:
          wait: wait for the evaluation that is being played.

        Raises:
          WaitEnded: the run is to stop. The evaluation stays pending.
          Exception: what the evaluation raised. It stays pending, except after `EndlessEpisodes`.
        """
        thread, snapshot = self._thread, self.pending
        if thread is None or snapshot is None:
            return None
        if wait:
            self._wait(thread)
        self._pass_notes()
        if thread.is_alive():
            return None
        self._thread = None
        if self._failure is not None:
            raise self._failure
        assert self._episodes is not None
        self.pending = None
        self.played += 1
        return Played(snapshot, self._episodes)

    def forget(self) -> None:
        """Drops the pending evaluation: it has no result."""
        self.pending = None

    def close(self) -> None:
        """Ends an evaluation that is being played, and waits for its environments to close, but not without end."""
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread.is_alive():
            thread.join(_GRACE)
        self._pass_notes()

    def stored(self) -> tuple[dict[str, int], Any] | None:
        """Returns numbers and parameters of the pending evaluation for a checkpoint; None if there is none."""
        if self.pending is None:
            return None
        return {"frames": self.pending.frames, "updates": self.pending.updates}, self.pending.params

    def restore(self, numbers: Mapping[str, Any], params: Any) -> None:
        """Reads the pending evaluation of a checkpoint; `resume` plays it again."""
        self.pending = Snapshot(int(numbers["frames"]), int(numbers["updates"]), params)

    def resume(self) -> None:
        """Begins the pending evaluation of a checkpoint, if there is one."""
        if self.pending is not None:
            self.begin(self.pending)

    def _stops(self) -> bool:
        return self._ended.is_set() or self._supervision.stop()

    def _play(self, snapshot: Snapshot) -> None:
        try:
            self._episodes = self._evaluator.play(snapshot.params)
        except BaseException as error:  # raised again in the thread of the run, by `take`
            self._failure = error

    def _wait(self, thread: threading.Thread) -> None:
        asked: float | None = None
        while thread.is_alive():
            thread.join(_LOOK)
            self._pass_notes()
            if not self._stops():
                continue
            asked = time.monotonic() if asked is None else asked
            if time.monotonic() - asked > _GRACE:
                raise WaitEnded("an environment of the evaluation does not answer")

    def _pass_notes(self) -> None:
        while True:
            try:
                self._supervision.say(self._notes.get_nowait())
            except Empty:
                return
