"""The result of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run.

    Attributes:
      frames: environment frames of each agent.
      updates: gradient updates of each agent.
      finished: whether the run reached its length; if not, it was stopped and can be resumed.
      saved: whether a checkpoint was written at the end; not if the run was stopped before its first step.
      trained: whether this start trained; not if the run was complete before.
    """

    frames: int
    updates: int
    finished: bool
    saved: bool = True
    trained: bool = True
