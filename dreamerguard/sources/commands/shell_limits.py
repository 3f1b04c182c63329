"""Bounds how much of a shell script is followed."""

from __future__ import annotations

from dataclasses import dataclass

#: Largest number of passes through the bodies of loops. Beyond it the values of a loop that was followed before are no
#: longer combined with those of the loops around it, and the variables of other loops are unknown.
MAX_PASSES = 128
#: Largest number of calls of functions.
MAX_CALLS = 256
#: Largest number of passes in all tasks of an array job together.
_MAX_TASK_PASSES = 512
#: Largest number of paths that are followed together; beyond it their differences are unknown.
MAX_PATHS = 16
#: Largest number of simple commands that are looked at, for all paths; beyond it one path is followed.
_MAX_WORK = 4_000
#: Largest number of simple commands in all; nobody writes longer scripts.
_MOST_WORK = 15_000


@dataclass
class Shared:
    """What the readers of a script and of the texts inside it have in common.

    Attributes:
      work: simple commands that were looked at.
      passes: passes through the bodies of loops.
      calls: calls of functions.
      earlier_work, earlier_passes: those of earlier tasks of an array job.
    """

    work: int = 0
    passes: int = 0
    calls: int = 0
    earlier_work: int = 0
    earlier_passes: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether only one path is followed from here on."""
        return self.work > _MAX_WORK

    @property
    def ended(self) -> bool:
        """Whether nothing is followed from here on."""
        return self.earlier_work + self.work > _MOST_WORK

    def next_task(self) -> None:
        """Starts the next task of an array job."""
        self.earlier_work += self.work
        self.earlier_passes += self.passes
        self.work, self.calls = 0, 0
        self.passes = 0 if self.earlier_passes < _MAX_TASK_PASSES else MAX_PASSES
