"""Watches runs: reads what is new, judges the scores, checks the health. For commands, wrappers and trainers alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dreamerguard.logs import Follower, RunLog
from dreamerguard.regression.reference.choice import NoReference, Reference, find_reference
from dreamerguard.regression.statistics.binned_curve import to_cells

from .health import Context, HealthFinding, check_health, is_flat
from .likely_causes import LintNote, causes, read_lint
from .verdict import STOP_RATE, State, Verdict, escalate, judge_cells

#: Seconds between two health checks while nothing new is logged.
_IDLE = 60.0


@dataclass(frozen=True, slots=True)
class Status:
    """What is known about a run at one look.

    Attributes:
      directory: the run.
      looked: seconds since the epoch.
      log: what was read; None while there is no log.
      waiting: why there is no log yet; empty once there is one.
      reference: the curves that it is held against; None without any.
      no_reference: why there are none.
      verdict: of rule R1; None without a reference.
      health: findings about the run itself, errors first.
      causes: what may have made the run low, the most likely first; only for a run that is too low.
    """

    directory: Path
    looked: float
    log: RunLog | None = None
    waiting: str = ""
    reference: Reference | None = None
    no_reference: str = ""
    verdict: Verdict | None = None
    health: tuple[HealthFinding, ...] = ()
    causes: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        """The task, as far as it is known."""
        if self.reference:
            return self.reference.envelope.task
        return (self.log.facts.task if self.log else None) or "?"

    @property
    def regressed(self) -> bool:
        """Whether the run is too low for sure."""
        return self.verdict is not None and self.verdict.state is State.REGRESSED

    @property
    def may_stop(self) -> bool:
        """Whether the run is so low that it may be stopped without asking: the 2 % threshold."""
        last = self.verdict.last if self.verdict else None
        return last is not None and last.below(STOP_RATE)


@dataclass(slots=True)
class Watcher:
    """Watches one run directory, which may not exist yet.

    Args:
      directory: of the run.
      task, suite, action_repeat: what the directory does not tell, or tells wrongly.
      reference: ``2024``, ``2023`` or a file of own curves; by default the newest published curves.
      memory_gb: memory of the machine that trains; None if it is another one.
      clock: seconds since the epoch.
    """

    directory: Path
    task: str | None = None
    suite: str | None = None
    action_repeat: int | None = None
    reference: str | None = None
    memory_gb: float | None = None
    clock: Callable[[], float] = time.time
    _follower: Follower = field(init=False)
    _last: Status | None = field(init=False, default=None)
    _lint: list[LintNote] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._follower = Follower(self.directory, self.action_repeat)

    def look(self) -> Status:
        """Reads what is new and judges it. Without news this only asks for the files' times.

        Raises:
          dreamerguard.logs.LogError: the directory cannot be read.
        """
        now = self.clock()
        changed = self._follower.poll()
        log = self._follower.log
        if log is None:
            what = "holds no log yet" if self.directory.is_dir() else "does not exist yet"
            return Status(self.directory, now, waiting=f"{self.directory} {what}")
        if not changed and self._last is not None and now - self._last.looked < _IDLE:
            return self._last
        self._last = self._judge(log, now)
        return self._last

    def _judge(self, log: RunLog, now: float) -> Status:
        self._lint = self._lint or read_lint(self.directory)
        reference, missing, verdict = None, "", None
        try:
            reference = find_reference(log, self.task, self.suite, self.reference)
        except NoReference as error:
            missing = str(error)
        else:
            verdict = judge_log(log, reference)
        low = verdict.state.flagged if verdict else False
        struggling = low or is_flat(log.scores[0].values)
        health = check_health(log, Context(self._lint, struggling, now, self.memory_gb))
        rate = reference.published_rate if reference else None
        why = tuple(causes(log, self._lint, rate)) if low else ()
        return Status(self.directory, now, log, "", reference, missing, verdict, tuple(health), why)


def judge_log(log: RunLog, reference: Reference) -> Verdict:
    """Judges a run by its log, up to the last cell of the reference that lies wholly behind it."""
    scores, envelope = log.scores[0], reference.envelope
    cells = to_cells(scores.frames, scores.values, envelope.grid, log.frames)
    return judge_cells(cells, envelope, reference.calibration, method=reference.method)


def look_at_all(watchers: Sequence[Watcher]) -> list[Status]:
    """One look at several runs; seeds of one task are judged together.

    Raises:
      dreamerguard.logs.LogError: a directory cannot be read.
    """
    statuses = [watcher.look() for watcher in watchers]
    groups: dict[tuple[str, str], list[int]] = {}
    for index, status in enumerate(statuses):
        if status.reference and status.verdict:
            key = (status.reference.envelope.suite, status.reference.envelope.task)
            groups.setdefault(key, []).append(index)
    for indices in groups.values():
        verdicts = [verdict for index in indices if (verdict := statuses[index].verdict) is not None]
        for index, verdict in zip(indices, escalate(verdicts), strict=True):
            statuses[index] = replace(statuses[index], verdict=verdict)
    return statuses
