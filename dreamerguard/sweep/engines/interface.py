"""The interface of an engine: it starts workers where there is room, and says which it still has.

How a run ended is never asked of the engine: the worker writes it into the sweep's folder, in the same way on all.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dreamerguard.sweep.jobs.job_folder import RunJob


class EngineError(Exception):
    """The engine cannot be used. The message says why, and how to fix it."""


@dataclass(frozen=True, slots=True)
class WorkerLaunch:
    """An attempt of a run to start.

    Attributes:
      name: the run.
      folder: folder of the worker's files, absolute.
      attempt: number of the attempt.
      job: what the worker runs.
    """

    name: str
    folder: Path
    attempt: int
    job: RunJob

    @property
    def words(self) -> tuple[str, ...]:
        """The command of the worker."""
        return (sys.executable, "-m", "dreamerguard.sweep.jobs.worker", str(self.folder), str(self.attempt))


class Engine(Protocol):
    """Starts workers. The methods are called from one thread."""

    @property
    def name(self) -> str:
        """The name of the engine."""

    def room(self) -> int:
        """Returns how many more runs it takes now."""

    def submit(self, launches: Sequence[WorkerLaunch]) -> Mapping[str, str]:
        """Starts or queues workers. Returns run -> the engine's name for the job, for people and for `adopt`.

        Raises:
          EngineError: the engine no longer works.
        """

    def adopt(self, name: str, folder: Path, job: str) -> None:
        """Takes over a job that an earlier controller started, if it still exists."""

    def alive(self) -> set[str]:
        """Returns the runs whose jobs it still has, queued or running."""

    def cancel(self, names: Collection[str]) -> None:
        """Takes jobs out of the queue; those that run go on."""

    def wait(self, seconds: float) -> None:
        """Waits; may return earlier if a job has ended."""

    def close(self) -> None:
        """Gives back what the engine holds. Jobs that still run are left to themselves, as far as the engine can."""
