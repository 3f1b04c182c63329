"""The evidence against a combination from the alarms of rule R1, the rule of `watch`, of its single runs.

R1 calls a healthy run too low with probability a at most over all its looks, for a = 5 % and 2.5 %. So the indicator of
an alarm at a, divided by a, is an e-value that holds at any time. Here it is divided by 2a: a good combination may have
twice the false alarms of the published seeds, as a laboratory that differs from theirs. The mean over the rates and
over all planned runs of a task, mixed with the number 1, is an e-value too, also if these runs depend on each other
through their reference. E-values of tasks multiply. A task counts from its first score on; alarms stay, so its part
only grows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dreamerguard.regression.statistics.rank_evidence import log_mean_exp
from dreamerguard.regression.watch.verdict import p_value

from .board import Board
from .evidence import RankEvidence, TaskEvidence
from .runs import SweepRun, by_task

#: False alarm rates of a whole run.
RATES = (0.05, 0.025)

#: How many times the measured false alarm rate a good combination may have.
ALLOWED = 2.0

#: Parts of a task's e-value that bet on alarms, mixed in equal parts: small for few bad tasks among many.
PARTS = (0.25, 0.5, 0.75)


def alarm_evidence(board: Board, runs: Sequence[SweepRun]) -> RankEvidence:
    """Returns the evidence against one combination, from all looks of its runs so far.

    Args:
      board: the curves.
      runs: the runs of the combination; those without a reference are left out.
    """
    found = (_task(board, task, group) for task, group in by_task(runs).items())
    tasks = tuple(item for item in found if item is not None)
    sums = [math.fsum(column) for column in zip(*(task.log for task in tasks), strict=True)]
    return RankEvidence(log_mean_exp(sums) if sums else -math.inf, tasks)


def _task(board: Board, task: str, runs: Sequence[SweepRun]) -> TaskEvidence | None:
    judged = [(run, reference) for run in runs if (reference := board.reference(run)) and reference.decidable]
    found = [(*board.deficits(run), reference.calibration) for run, reference in judged]
    now = [last for (run, _), (_, last, _) in zip(judged, found, strict=True) if board.finished(run)]
    if not now:
        return None
    p = [p_value(worst, calibration) for worst, _, calibration in found]
    bet = math.fsum(1 / (ALLOWED * rate) for value in p for rate in RATES if value <= rate) / (len(RATES) * len(p))
    behind = 2 * sum(last > -math.inf for last in now) > len(now)
    return TaskEvidence(task, tuple(math.log(1 - part + part * bet) for part in PARTS), behind)
