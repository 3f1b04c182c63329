"""What the controller of a sweep knows about its runs besides their scores: state, cost and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SweptRunFacts:
    """One run.

    Attributes:
      name: as in `SweepRun`.
      state: ``waiting``, ``started``, ``finished``, ``failed``, ``refused`` or ``stopped``.
      why: reason of the state in one line; empty if there is none.
      hours, gpu_hours: wall hours over all attempts, and those times the GPUs; None if unknown.
      saved_hours, saved_gpu_hours: hours that an early stop saved, at the run's own speed; None if unknown.
      updates: planned gradient updates; None if unknown.
      frames_done: environment frames that the run has reached.
      attempts: number of starts.
      exit_code: of the last attempt; None if it has not ended.
      place: where it ran.
      folder: relative to the folder of the sweep.
      lint: names of the rules with findings.
      verdict: of `watch`; None without one.
    """

    name: str
    state: str
    why: str = ""
    hours: float | None = None
    gpu_hours: float | None = None
    saved_hours: float | None = None
    saved_gpu_hours: float | None = None
    updates: float | None = None
    frames_done: float = 0.0
    attempts: int = 0
    exit_code: int | None = None
    place: str = ""
    folder: str = ""
    lint: tuple[str, ...] = ()
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """The sweep.

    Attributes:
      name, description: of its file; the description may be empty.
      axes: varied key -> its values in order.
      tasks, seeds: of the plan.
      engine: what starts the runs.
      started, ended: seconds since 1970; None if unknown or not ended.
      version: of the program that made the page.
      command: the command that makes the page again.
      notes: what a reader should know, one line each.
    """

    name: str
    description: str = ""
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    engine: str = ""
    started: float | None = None
    ended: float | None = None
    version: str = ""
    command: str = ""
    notes: tuple[str, ...] = ()
