"""Decides when to save, and what to do when saving fails. Training only pays for copying what changed.

One save is in flight at a time. A save that fails leaves the older checkpoints, is reported in one line, and is tried
again, less and less often, until ``checkpoint.max_unsaved`` seconds have passed since the first failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .errors import NotSaved
from .folder import Checkpoints, Say
from .save_job import Content, SaveJob

#: Share of the time that copying may take while training goes on, and limits of one pause for it in seconds.
_SHARE, _SHORTEST, _LONGEST = 0.25, 0.001, 0.05
#: Seconds before the second try, and maximum seconds between two tries.
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 300.0
#: Seconds between two looks at the thread, or at a request to stop, when there is nothing else to do.
_LOOK = 0.2


class BackgroundSaver:
    """Saves a run from time to time.

    Args:
      checkpoints: where to save.
      every: seconds from the end of a save to the next one.
      max_unsaved: seconds for which failing saves are tried again.
      say: receives one line when saving begins to fail, and one when it works again.
      saved: called with the environment frames of every published checkpoint.
      clock: seconds from any origin.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        *,
        every: float,
        max_unsaved: float,
        say: Say,
        saved: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checkpoints, self._every, self._max, self._say, self._saved = checkpoints, every, max_unsaved, say, saved
        self._clock = clock
        self._job: SaveJob | None = None
        self._began = self._looked = clock()
        self._next = clock() + every
        self._failed: float | None = None  # time of the first failure since the last success
        self._reason, self._wait = "", _FIRST_WAIT
        self._step = checkpoints.latest  # agent steps of the newest checkpoint

    @property
    def due(self) -> bool:
        """Whether it is time to `begin` a save."""
        return self._job is None and self._clock() >= self._next

    def start(self, make: Callable[[], Content]) -> None:
        """Starts a save of the content that ``make`` returns. If that fails, it counts as a failed save.

        Raises:
          NotSaved: no checkpoint could be saved for too long.
        """
        try:
            content = make()
        except (OSError, MemoryError) as error:
            self._count_failure(self._clock(), _reason(error), None)
        else:
            self.begin(content)

    def begin(self, content: Content) -> None:
        """Starts a save; none may be in flight."""
        assert self._job is None
        self._began = self._looked = self._clock()
        self._job = SaveJob(self._checkpoints, content)

    def advance(self) -> None:
        """Copies a little and takes note of a save that has ended. Called after every step of training.

        Raises:
          NotSaved: no checkpoint could be saved for too long.
        """
        if self._job is None:
            return
        if self._job.ended:
            self._collect(self._job)
            return
        self._check_hanging()
        now = self._clock()
        pause = min(max(_SHARE * (now - self._looked), _SHORTEST), _LONGEST)
        self._job.copy(lambda: self._clock() - now > pause)
        self._looked = self._clock()

    def finish(self, step: int, content: Callable[[], Content], stop: Callable[[], bool]) -> None:
        """Saves the end of the run and waits for it. A run that has reached its length waits for space on the disk.

        Args:
          step: agent steps now; nothing is saved if the newest checkpoint has this number and is in its place.
          content: makes the content to save.
          stop: whether the run was asked to stop: then a failing save is not tried again.

        Raises:
          NotSaved: the end of the run could not be saved.
        """
        self._settle()
        tried = False
        while step != self._step or not self._checkpoints.holds(step):
            while tried and self._clock() < self._next:
                if stop():
                    raise NotSaved(self._text(self._reason))
                time.sleep(_LOOK)
            tried = True
            self.start(content)
            self._settle()

    def abandon(self) -> None:
        """Ends a save in flight without a checkpoint."""
        if self._job:
            self._job.abandon()
            self._job = None

    def _settle(self) -> None:
        """Waits for the save in flight."""
        while self._job:
            self._job.wait(_LOOK)
            if self._job.ended:
                self._collect(self._job)
            else:
                self._check_hanging()

    def _check_hanging(self) -> None:
        if (seconds := self._clock() - self._began) > max(self._max, self._every):
            raise NotSaved(self._text(f"writing has not ended after {seconds:,.0f} s"))

    def _collect(self, job: SaveJob) -> None:
        """Takes note of how a save ended."""
        self._job = None
        job.wait(0)
        now, error = self._clock(), job.error
        if isinstance(error, NotSaved):
            raise NotSaved(self._text(str(error)))
        if isinstance(error, OSError | MemoryError):
            self._count_failure(now, _reason(error), job.content.frames)
            return
        if error is not None:
            raise error
        if self._failed is not None:
            self._say(f"checkpoints are saved again: {job.content.frames:,} frames")
        self._failed, self._reason, self._wait = None, "", _FIRST_WAIT
        self._next, self._step = now + self._every, job.content.step
        self._saved(job.content.frames)

    def _count_failure(self, now: float, reason: str, frames: int | None) -> None:
        """Plans the next try; reports the first failure and every new reason."""
        new, self._reason = reason != self._reason, reason
        self._failed = now if self._failed is None else self._failed
        left = self._failed + self._max - now
        if left <= 0:
            raise NotSaved(self._text(f"{reason}, for {now - self._failed:,.0f} s (checkpoint.max_unsaved)"))
        self._next = now + min(self._wait, self._every, left)
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
        if new:
            name = "a checkpoint" if frames is None else f"the checkpoint at {frames:,} frames"
            self._say(
                f"warning: {name} was not saved: {reason}. Older checkpoints are kept,"
                f" training goes on and tries again; it stops if that fails for {left:,.0f} s (checkpoint.max_unsaved)"
            )

    def _text(self, reason: str) -> str:
        kept = (
            "there is no checkpoint" if self._step is None else f"the newest checkpoint has {self._step:,} agent steps"
        )
        return f"the run could not be saved: {reason}; {kept}. Once that is fixed, run the same command again"


def _reason(error: OSError | MemoryError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error) or "not enough memory"
