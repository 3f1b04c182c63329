"""Compares the combinations of a sweep at its end: which one wins, and which ones may be the best.

Every ordered pair of combinations is tested: is the first one lower than the second? The test is the exact stratified
rank-sum test over their common tasks (`statistics.rank_test`) of the final score, the mean over the last tenth of the
frames that both have. Holm's step-down limits hold the family-wise error of all pairs. So, with the stated probability,
no claim "A is worse than B" is wrong, and the combinations that are worse than none include the best one.

On a single task a combination is called worse only if it is worse over all tasks too, by the step-down smallest-p test
over the tasks (`regression.compare.task_claims`) at an equal part of the rate for each pair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import permutations

from dreamerguard.util.text import number_of

from .board import Board
from .comparison import WHOLE, CombinationResult, SweepComparison, TaskScore
from .references import TaskReference
from .runs import SweepRun, by_combination
from .score_table import ScoreTable

#: Combinations up to which every pair is compared; of more, only the best ones by mean rank.
MOST = 200


def compare_combinations(
    runs: Sequence[SweepRun],
    references: Mapping[str, TaskReference] | None = None,
    *,
    rate: float = 0.05,
    stopped: Collection[str] = (),
) -> SweepComparison:
    """Compares all combinations; also in the middle of a sweep, at the frames that both of a pair have reached.

    Args:
      runs: all planned runs but refused ones.
      references: task -> reference, for the range that is learned; by default that of the leader.
      rate: family-wise error rate over all pairs.
      stopped: labels of the combinations that an early stop found hopeless, see `stopped_combinations`.
    """
    table = ScoreTable(Board(runs, references or {}, at_end=True), by_combination(runs))
    able = [label for label in table.ranks if label not in stopped]
    compared = sorted(able, key=lambda label: -table.ranks[label])[:MOST]
    family = max(len(table.groups) * (len(table.groups) - 1), 1)
    adjusted = _holm({pair: table.p_lower(*pair) for pair in permutations(compared, 2)}, family)
    beaten = {worse for (worse, _), p in adjusted.items() if p <= rate}
    leader = next((label for label in compared if label not in beaten), compared[0] if compared else None)
    wins = len(compared) > 1 and len(beaten) == len(compared) - 1
    results = []
    for label in sorted(table.groups, key=lambda one: (one != leader, one in stopped, -table.ranks.get(one, -1.0))):
        status = _status(label, table, stopped, label in beaten, label == leader and wins)
        level = rate / family if status == "worse" else None
        rivals = {other: adjusted[label, other] for other in compared if (label, other) in adjusted}
        results.append(_result(label, status, table, rivals, table.task_scores(label, leader, level)))
    notes = _notes(results, len(able) > MOST)
    return SweepComparison(_headline(results, rate, len(compared)), leader, tuple(results), rate, family, notes)


def _result(
    label: str, status: str, table: ScoreTable, rivals: Mapping[str, float], tasks: tuple[TaskScore, ...]
) -> CombinationResult:
    worst = min(rivals, key=lambda other: rivals[other]) if rivals else None
    changes = [task.change for task in tasks if task.change is not None]
    change = sum(changes) / len(changes) if changes else None
    p = rivals[worst] if worst is not None else None
    return CombinationResult(label, status, table.ranks.get(label, 0.0), change, p, worst, tasks)


def _holm(p: Mapping[tuple[str, str], float], family: int) -> dict[tuple[str, str], float]:
    """Returns adjusted p-values among ``family`` hypotheses; those not in ``p`` count as not rejected."""
    found, least = {}, 0.0
    for done, pair in enumerate(sorted(p, key=lambda pair: p[pair])):
        least = max(least, min((family - done) * p[pair], 1.0))
        found[pair] = least
    return found


def _status(label: str, table: ScoreTable, stopped: Collection[str], beaten: bool, wins: bool) -> str:
    if label in stopped:
        return "stopped"
    if label not in table.ranks:
        return "no scores"
    if beaten:
        return "worse"
    return "winner" if wins else "may be the best"


def _headline(results: Sequence[CombinationResult], rate: float, compared: int) -> str:
    first = results[0] if results else None
    if first is None or not compared:
        return "No combination has scores yet"
    if compared == 1:
        return f"{first.label} is the only combination that can be compared"
    sure = f"family-wise error at most {100 * rate:.3g} %"
    if first.status == "winner":
        return f"{first.label} wins against {number_of(compared - 1, 'other combination')} ({sure})"
    rest = [item.label for item in results[1:] if item.status == "may be the best"]
    shown = ", ".join(rest[:3]) + (f" and {len(rest) - 3} more" if len(rest) > 3 else "")
    return f"{first.label} leads, but {shown} may be as good ({sure})"


def _notes(results: Sequence[CombinationResult], cut: bool) -> tuple[str, ...]:
    notes = []
    early = sum(task.share < WHOLE for item in results if item.status != "stopped" for task in item.tasks)
    if early:
        text = f"{number_of(early, 'mean score')} taken before the end of the budget"
        notes.append(f"{text}; pairs are compared at the same frames")
    if cut:
        notes.append(f"only the {MOST} combinations with the highest ranks are compared")
    return tuple(notes)
