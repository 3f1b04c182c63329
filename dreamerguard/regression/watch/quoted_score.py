"""Computes the statistic that published tables quote, for one run, or states why it cannot be formed yet."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.logs import RunLog, Scores, Series
from dreamerguard.regression.published import Envelope
from dreamerguard.regression.published.quoted import QuotedTable, quoted_table
from dreamerguard.regression.reference.choice import known_task
from dreamerguard.regression.reference.judged_scores import SUCCESS
from dreamerguard.regression.statistics.binned_curve import to_cells
from dreamerguard.util.text import number_of

from .crafter_score import crafter_score
from .ended import ALMOST


@dataclass(frozen=True, slots=True)
class QuotedScore:
    """The score of a run as papers quote it.

    Attributes:
      table: the published statistic.
      value: the run's value; None if it cannot be formed.
      count: number of episodes or evaluations behind it.
      why: why there is no value, or why it is not final; empty for a final value.
    """

    table: QuotedTable
    value: float | None
    count: int
    why: str

    @property
    def name(self) -> str:
        """The statistic in words."""
        table = self.table
        if table.kind == "crafter":
            return f"Crafter's score over all training episodes of {table.end:,.0f} frames"
        what = "success rate" if table.measure == "success" else "score"
        whose = "training episodes" if table.episodes == "train" else "evaluations"
        return f"mean {what} of {whose} from {table.start:,.0f} to {table.end:,.0f} frames"

    def __str__(self) -> str:
        unit = " %" if self.table.kind == "crafter" else ""
        ours = "none" if self.value is None else f"{self.value:.4g}{unit} ({number_of(self.count, 'score')})"
        why = f", {self.why}" if self.why else ""
        if self.table.published is None:
            return f"{self.name}: {ours}{why}"
        seeds = f" ({number_of(self.table.seeds, 'seed')})" if self.table.seeds else ""
        return f"{self.name}: {ours}{why}; published {self.table.published:.4g}{unit}{seeds}"


def quoted_score(log: RunLog, task: str | None, suite: str | None, envelope: Envelope | None) -> QuotedScore | None:
    """Returns the score of a run as papers quote it; None if no published table has the task.

    Args:
      log: the run.
      task, suite: the user's values; they override those of the log. Not needed with an envelope.
      envelope: the curves that judge the run; None without a reference.
    """
    names = known_task(log, task, suite) if envelope is None else (envelope.suite, envelope.task)
    table = quoted_table(*names, envelope) if names is not None else None
    if table is None:
        return None
    if log.frames < ALMOST * table.end:
        return QuotedScore(table, None, 0, f"not before {table.end:,.0f} frames, the log has {log.frames:,.0f}")
    value, count, why = _crafter(log.directory, table) if table.kind == "crafter" else _mean(log, table, envelope)
    if value is not None and log.frames < table.end:
        why = f"so far, at {log.frames:,.0f} of {table.end:,.0f} frames"
    return QuotedScore(table, value, count, why)


def _crafter(directory: Path, table: QuotedTable) -> tuple[float | None, int, str]:
    found = crafter_score(directory, table.end)
    if found is None:
        return None, 0, "no file of the run counts achievements (scores.jsonl, or env*/stats.jsonl of Crafter)"
    return *found, ""


def _mean(log: RunLog, table: QuotedTable, envelope: Envelope | None) -> tuple[float | None, int, str]:
    scores = _scores(log, table)
    used = scores.values[bisect_right(scores.frames, table.start) : bisect_right(scores.frames, table.end)]
    if not used:
        what = "success rate" if table.measure == "success" else "score"
        whose = "training episode" if table.episodes == "train" else "evaluation"
        return None, 0, f"the table has {whose}s, and the log has no {what} of one in these frames"
    mixed = any(problem.kind == "mixed episodes" for problem in log.problems) and not len(log.evals)
    why = "training episodes and evaluations are mixed in the log" if mixed else ""
    if table.kind == "mean" or envelope is None:
        return math.fsum(used) / len(used), len(used), why
    cells = to_cells(scores.frames, scores.values, envelope.grid)
    last = [y for x, y in zip(envelope.grid, cells, strict=True) if x > table.start and y is not None]
    return math.fsum(last) / len(last), len(used), why


def _scores(log: RunLog, table: QuotedTable) -> Scores | Series:
    if table.measure == "success":
        return log.series.get(SUCCESS[table.episodes]) or Series()
    return log.train if table.episodes == "train" else log.evals
