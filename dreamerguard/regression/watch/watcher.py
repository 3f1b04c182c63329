"""Watches runs: reads new lines of the log, judges the scores, checks the health."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dreamerguard.core.log_format import LogLayout, ScoreKind
from dreamerguard.logs import Follower, RunLog, Scores, Series, why_no_log
from dreamerguard.regression.reference.choice import NoReference, Reference, find_reference
from dreamerguard.regression.reference.judged_scores import judged_scores
from dreamerguard.regression.statistics.binned_curve import to_cells
from dreamerguard.util.paths import exists
from dreamerguard.util.text import number_of

from .health import Context, HealthFinding, check_health, is_flat
from .likely_causes import LintNote, rank_causes, read_lint, read_lint_report
from .quoted_score import QuotedScore, quoted_score
from .verdict import STOP_RATE, State, Verdict, escalate, first_look, is_judged, judge_cells

#: Explains a low run by its settings: directory, program, stored settings, their files, task, suite and edition of the
#: published run (None for a custom reference) and the stored lint report -> texts with lint codes, the costliest first.
Explain = Callable[
    [Path, str, Mapping[str, Any], Sequence[str], tuple[str, str, str] | None, Mapping[str, Any]],
    Sequence[tuple[str, str]],
]

#: Seconds between two health checks while the log does not grow.
_IDLE = 60.0


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a run at one look.

    Attributes:
      directory: directory of the run.
      looked: time of the look, in seconds since the epoch.
      log: the log so far; None while there is no log.
      waiting: why there is no log yet; empty once there is a log.
      reference: the reference curves; None without a reference.
      no_reference: why there is no reference.
      no_scores: why there is no verdict although there is a reference: the log has no score that can be judged.
      verdict: verdict of rule R1; None without a reference.
      health: findings of the health checks, errors first.
      causes: likely causes of the low score, most likely first; only for a run that is too low.
      quoted: the score as papers quote it; None if no published table has the task.
    """

    directory: Path
    looked: float
    log: RunLog | None = None
    waiting: str = ""
    reference: Reference | None = None
    no_reference: str = ""
    no_scores: str = ""
    verdict: Verdict | None = None
    health: tuple[HealthFinding, ...] = ()
    causes: tuple[str, ...] = ()
    quoted: QuotedScore | None = None

    @property
    def task(self) -> str:
        """The name of the task; ``?`` if unknown."""
        if self.reference:
            return self.reference.envelope.task
        return (self.log.facts.task if self.log else None) or "?"

    @property
    def scores(self) -> tuple[Scores | Series, ScoreKind]:
        """The scores that the reference judges, and their kind; see `judged_scores`. Empty without a log."""
        if self.log is None:
            return Scores(), "train"
        return judged_scores(self.log, self.reference.envelope if self.reference else None)

    @property
    def regressed(self) -> bool:
        """Whether the verdict is REGRESSED."""
        return self.verdict is not None and self.verdict.state is State.REGRESSED

    @property
    def may_stop(self) -> bool:
        """Whether the last look is below the 2 % threshold, so that the run may be stopped automatically."""
        last = self.verdict.last if self.verdict else None
        return last is not None and last.below_wide(STOP_RATE)


@dataclass(slots=True)
class Watcher:
    """Watches one run directory, which may not exist yet.

    Args:
      directory: directory of the run.
      task, suite, action_repeat: values that the directory does not state or states wrongly.
      reference: ``2024``, ``2023`` or a custom reference file; by default the newest published curves.
      memory_gb: memory of the training machine; None if that is another machine.
      clock: function that returns seconds since the epoch.
      explain: explains a low run by its settings; by default only the stored lint report does.
      other_laboratory: whether the run is of a laboratory or program that may learn up to 20 % slower.
      linted: task and suite of the command that started the run, as lint knows them; the suite counts for this task if
        the log does not state one.
      layout: layout of the program's logs if it is known; see `Follower`.
    """

    directory: Path
    task: str | None = None
    suite: str | None = None
    action_repeat: int | None = None
    reference: str | None = None
    memory_gb: float | None = None
    clock: Callable[[], float] = time.time
    explain: Explain | None = None
    other_laboratory: bool = False
    linted: tuple[str, str] | None = None
    layout: LogLayout | None = None
    _follower: Follower = field(init=False)
    _last: Status | None = field(init=False, default=None)
    _lint: list[LintNote] = field(init=False, default_factory=list)
    _explained: Sequence[tuple[str, str]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._follower = Follower(self.directory, self.action_repeat, self.layout)

    def look(self) -> Status:
        """Reads the new part of the log and judges the run. Without new lines it only reads the files' times.

        Raises:
          dreamerguard.logs.LogError: the directory cannot be read.
        """
        now = self.clock()
        changed = self._follower.poll()
        log = self._follower.log
        if log is None:
            return Status(self.directory, now, waiting=f"{self.directory} {_why_waiting(self.directory)}")
        if not changed and self._last is not None and now - self._last.looked < _IDLE:
            return self._last
        self._last = self._judge(log, now)
        return self._last

    def _judge(self, log: RunLog, now: float) -> Status:
        self._lint = self._lint or read_lint(self.directory)
        reference, missing, scoreless, verdict = None, "", "", None
        suite = self._suite(log)
        try:
            reference = find_reference(log, self.task, suite, self.reference, other_laboratory=self.other_laboratory)
        except NoReference as error:
            missing = str(error)
        else:
            verdict = judge_log(log, reference)
            scoreless = _why_no_scores(log, reference, verdict)
            verdict = None if scoreless else verdict
        low = verdict.state.flagged if verdict else False
        struggling = low or is_flat(log.scores[0].values)
        health = check_health(log, Context(self._lint, struggling, now, self.memory_gb))
        rate = reference.published_rate if reference else None
        why = tuple(rank_causes(log, self._lint, rate, self._settings(log, reference))) if low else ()
        quoted = quoted_score(log, self.task, suite, reference.envelope if reference else None)
        return Status(self.directory, now, log, "", reference, missing, scoreless, verdict, tuple(health), why, quoted)

    def _suite(self, log: RunLog) -> str | None:
        """Returns the suite: the user's, or that of the linted command where the log states none."""
        if self.suite or log.facts.suite or self.linted is None or self.reference is not None:
            return self.suite
        task, suite = self.linted
        return suite if (self.task or log.facts.task or task) == task else None

    def _settings(self, log: RunLog, reference: Reference | None) -> Sequence[tuple[str, str]]:
        """Returns the settings that explain a low run; computed once."""
        if self.explain is None or reference is None:
            return ()
        if self._explained is None:
            envelope = reference.envelope
            published = None if envelope.release == "own" else (envelope.task, envelope.suite, envelope.edition)
            report = read_lint_report(self.directory)
            try:
                self._explained = self.explain(
                    self.directory, log.program, log.facts.settings, log.layout.configs, published, report
                )
            except Exception:  # a bug in a rule must not hide the verdict
                self._explained = ()
        return self._explained


def _why_waiting(directory: Path) -> str:
    if not exists(directory):
        return "does not exist yet"
    why = why_no_log(directory)
    return f"holds no log that can be read: {why}" if why else "holds no log yet"


def _why_no_scores(log: RunLog, reference: Reference, verdict: Verdict) -> str:
    """Returns why a run cannot be judged by its scores; empty if it can, or if it is only too young."""
    envelope, start = reference.envelope, first_look(reference.envelope, reference.method)
    scores = judged_scores(log, envelope)[0]
    if envelope.measure == "success" and not len(scores):
        return "the reference is a success rate, and the log has no success rate of evaluations or training episodes"
    lost = [problem for problem in log.problems if problem.loses_rows]
    late = log.frames >= start
    young = not late and (len(scores) or (log.frames and not lost))
    if young or is_judged(verdict, reference.method):
        return ""
    bad = sum(problem.count for problem in lost if problem.kind == "non-finite score")
    why = (
        f": {number_of(bad, 'score')} {'is' if bad == 1 else 'are'} not finite"
        if bad
        else ": rows or files are unreadable, see below"
        if lost
        else ""
    )
    end = max((edge for edge in envelope.grid if edge <= log.frames * (1 + 1e-9)), default=0.0)
    if late and len(scores):
        what = f"the log has no score in the first {end:,.0f} frames"
    else:
        what = f"the log has no score up to {log.frames:,.0f} frames" if log.frames else "the log has no score"
    return f"{what}{why}; verdicts start at {start:,.0f} frames"


def judge_log(log: RunLog, reference: Reference) -> Verdict:
    """Judges a run by its log, up to the last cell of the reference that the run has completed."""
    envelope = reference.envelope
    scores = judged_scores(log, envelope)[0]
    cells = to_cells(scores.frames, scores.values, envelope.grid, log.frames)
    return judge_cells(cells, envelope, reference.calibration, method=reference.method)


def look_at_all(watchers: Sequence[Watcher]) -> list[Status]:
    """Looks at several runs once and judges the seeds of one task together.

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
