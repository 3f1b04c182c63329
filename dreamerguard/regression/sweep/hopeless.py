"""Finds the combinations of a running sweep that are hopeless, with one error rate for the whole sweep.

A combination is hopeless if it is shown to be worse than the reference, or than another combination of the sweep. The
evidence is an e-value (`statistics.rank_evidence`): multiplied over tasks, added over looks with weights that sum to 1,
and compared with Holm's step-down limits over the combinations (Holm, A simple sequentially rejective multiple test
procedure, 1979). So a combination that is at least as good as the reference in every task (for the rule ``reference``),
or as every other combination in every task (for ``best``), is stopped with at most the stated probability; this holds
for any one of them, over all looks, for the whole sweep.

Looks are planned at shares of a combination's work, so the number of calls does not matter. A look uses the seeds as
far as they are; when it comes depends on frames, never on scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dreamerguard.regression.statistics.rank_evidence import log_mean_exp, log_sum_exp
from dreamerguard.util.text import number_of

from .alarms import alarm_evidence
from .board import Board
from .decision import Hopeless, StopDecision
from .evidence import RankEvidence, compare
from .ledger import Ledger, LedgerRecord, Rule
from .references import TaskReference
from .rivals import rivals
from .runs import SweepRun, by_combination

#: Shares of a combination's work at which it is judged; each look has the same weight.
LOOKS = tuple(0.05 * number for number in range(1, 17))


def find_hopeless(
    runs: Sequence[SweepRun],
    references: Mapping[str, TaskReference],
    state: Mapping[str, Any],
    *,
    rate: float = 0.05,
    against: Sequence[Rule] = ("reference", "best"),
) -> StopDecision:
    """Returns the runs of hopeless combinations.

    A combination that was found hopeless stays so. Its runs stop on every task where most of its seeds are behind all
    seeds that they are compared with, by more than the margin, and on tasks without a score; on others they go on.

    Args:
      runs: all planned runs but refused ones, also those that wait or have ended.
      references: task -> reference curves, see `task_references`.
      state: state of the last decision; empty at the first call.
      rate: probability of stopping any good combination of the sweep, over all looks; halved if there are two rules.
      against: the rules.

    Raises:
      ValueError: the state is of another sweep, rate or rule, or the sweep has more combinations than at its first
        call.
    """
    groups = by_combination(runs)
    able = {"reference": any(run.reference_key in references for run in runs), "best": len(groups) > 1}
    rules = tuple(state.get("rules", ())) or tuple(rule for rule in against if able[rule])
    if not rules or not set(rules) <= set(against):
        return StopDecision((), dict(state), ())
    ledger = Ledger.of(state, tuple(groups), rate, rules)
    board = Board(runs, references)
    lines = []
    for label, group in groups.items():
        record = ledger.records[label]
        due = looks_made([run for run in group if not run.ended] if record.hopeless else group)
        if due > record.looks:
            _look(board, label, group, record, (due - record.looks) / len(LOOKS), ledger.family)
            record.looks = due
            lines.append(f"{label}: look {due} of {len(LOOKS)}, {_evidence_text(record)}")
    ledger.decide()
    stops = [stop for label, group in groups.items() for stop in _stops(group, ledger.records[label], ledger)]
    return StopDecision(tuple(stops), ledger.state(), tuple(lines))


def looks_made(runs: Sequence[SweepRun]) -> int:
    """Returns the number of looks that the frames of a combination's runs have reached."""
    planned = sum(run.share if run.ended else 1.0 for run in runs)
    done = sum(run.share for run in runs) / planned if planned else 0.0
    return sum(done >= look - 1e-9 for look in LOOKS)


def _look(board: Board, label: str, runs: Sequence[SweepRun], record: LedgerRecord, weight: float, family: int) -> None:
    """Adds the evidence of one look; ``weight`` is that of the looks since the last one, which were not made."""
    for rule in record.evidence:
        ranks, alarms, record.against[rule] = _judge(board, label, runs, rule, family)
        record.ranks[rule] = log_sum_exp([record.ranks[rule], ranks.log + math.log(weight)])
        record.evidence[rule] = _together(record.ranks[rule], alarms)
        tasks = (alarms or ranks).tasks
        record.compared[rule] = [item.task for item in tasks]
        record.behind[rule] = [item.task for item in tasks if item.behind]


def _judge(
    board: Board, label: str, runs: Sequence[SweepRun], rule: Rule, family: int
) -> tuple[RankEvidence, RankEvidence | None, str]:
    """Returns the evidence of this look's ranks, that of all alarms so far, and what the combination is compared with.

    Against the sweep's own combinations, ranks are those among all others together, and those among the best of them,
    divided by the number of the others because it is chosen by its scores.
    """
    if rule == "reference":
        return compare(board, runs, board.reference_tracks(runs)), alarm_evidence(board, runs), "the reference"
    found = rivals(board, label, runs)
    if found.best is None:
        return RankEvidence(-math.inf, ()), None, "the best combination"
    together, best = compare(board, runs, found.of_all), compare(board, runs, found.of_best)
    log = log_mean_exp([together.log, best.log - math.log(max(family - 1, 1))])
    return RankEvidence(log, best.tasks), None, f"the best combination ({found.best})"


def _together(ranks: float, alarms: RankEvidence | None) -> float:
    """Returns the mean of both e-values. Each only grows from look to look, so the largest mean is the last."""
    return ranks if alarms is None else log_mean_exp([ranks, alarms.log])


def _stops(runs: Sequence[SweepRun], record: LedgerRecord, ledger: Ledger) -> list[Hopeless]:
    rule = record.hopeless
    if rule is None:
        return []
    behind, compared = record.behind[rule], record.compared[rule]
    where = f"behind {record.against[rule]} on {len(behind)} of {number_of(len(compared), 'task')}"
    reason = f"{runs[0].label} is {where}"
    left = {*compared} - {*behind}
    return [Hopeless(run.name, rule, reason, ledger.rate) for run in runs if not run.ended and run.task not in left]


def _evidence_text(record: LedgerRecord) -> str:
    parts = (f"evidence against it by {rule} {math.exp(min(log, 99)):.3g}" for rule, log in record.evidence.items())
    return ", ".join(parts)
