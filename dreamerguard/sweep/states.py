"""The states of a run of a sweep, and the row that holds everything known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: waiting: to be started, or started again. started: an engine has it. The others are ends.
State = Literal["waiting", "started", "finished", "failed", "refused", "stopped"]
STATES: tuple[State, ...] = ("waiting", "started", "finished", "failed", "refused", "stopped")
#: States that end a run: nothing of it will run again.
ENDED: tuple[State, ...] = ("finished", "failed", "refused", "stopped")


def shown_combination(combination: Mapping[str, str]) -> str:
    """Returns varied settings as people read them, ``key=value key=value``; empty if nothing varies."""
    return " ".join(f"{key}={value}" for key, value in combination.items())


@dataclass(frozen=True, slots=True)
class SweptRow:
    """A run as the database holds it.

    Attributes:
      name: name, and name of its folder.
      task, suite, seed, combination: the run; varied setting -> value as text.
      words: its command, as a person would type it.
      frames: planned environment frames; None if unknown.
      updates: planned gradient updates; None if unknown.
      findings: rule names of lint's findings that count.
      state: see `State`.
      why: why it failed, was refused or was stopped; empty otherwise.
      attempt: number of times it was given to an engine.
      failures: number of attempts that failed; attempts that a signal ended do not count.
      job: the engine's name for the last attempt, for people: ``process 123 on host``.
      started: time of the first start in seconds since the epoch; None before it.
      ended: time of the last end.
      seconds: time that it ran, over all attempts.
      not_before: time before which it must not start again.
      exit_code: of the last attempt.
      stop_reason: why it was asked to stop; empty if it was not.
      done: environment frames of its log.
      score: its last score, for people; None without one.
      verdict: headline of `watch`; empty without one.
    """

    name: str
    task: str
    suite: str | None
    seed: int
    combination: Mapping[str, str]
    words: tuple[str, ...]
    frames: float | None
    updates: float | None
    findings: tuple[str, ...]
    state: State
    why: str
    attempt: int
    failures: int
    job: str
    started: float | None
    ended: float | None
    seconds: float
    not_before: float
    exit_code: int | None
    stop_reason: str
    done: float
    score: float | None
    verdict: str

    @property
    def shown(self) -> str:
        """The combination for people; empty if nothing varies."""
        return shown_combination(self.combination)
