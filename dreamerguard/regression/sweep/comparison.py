"""The result of comparing the combinations of a sweep."""

from __future__ import annotations

from dataclasses import dataclass

#: Share of the budget from which a score counts as final.
WHOLE = 0.97


@dataclass(frozen=True, slots=True)
class TaskScore:
    """A combination on one task.

    Attributes:
      task: name of the task.
      score: mean final score of its seeds, in points.
      seeds: number of seeds with a score.
      share: share of the budget at which it is taken.
      change: difference from the leader as a share of what the leader or the reference learns; None if nothing is
        learned.
      worse: whether it is shown to be worse than the leader on this task.
    """

    task: str
    score: float
    seeds: int
    share: float
    change: float | None
    worse: bool


@dataclass(frozen=True, slots=True)
class CombinationResult:
    """The result of one combination.

    Attributes:
      label: its settings.
      status: ``winner``: the only one that is worse than none; ``may be the best``: worse than none; ``worse``;
        ``stopped``: found hopeless before its end, and not compared; ``no scores``.
      rank: mean rank of its runs over the tasks, from 0 (lowest) to 1.
      change: mean over tasks of `TaskScore.change`.
      p: smallest adjusted p-value of "it is worse than another one"; None if it was not compared.
      worse_than: the other one.
      tasks: its tasks.
    """

    label: str
    status: str
    rank: float
    change: float | None
    p: float | None
    worse_than: str | None
    tasks: tuple[TaskScore, ...]


@dataclass(frozen=True, slots=True)
class SweepComparison:
    """The comparison of all combinations.

    Attributes:
      headline: one sentence: who wins, and how sure it is.
      leader: combination with the highest mean rank among those that may be the best; None without scores.
      combinations: results, the leader first, then by rank.
      rate: family-wise error rate.
      pairs: number of ordered pairs that were tested.
      notes: what limits the comparison.
    """

    headline: str
    leader: str | None
    combinations: tuple[CombinationResult, ...]
    rate: float
    pairs: int
    notes: tuple[str, ...]

    @property
    def text(self) -> list[str]:
        """The lines for a terminal."""
        lines = [self.headline]
        for item in self.combinations:
            p = "" if item.p is None else f", p = {item.p:.2g} for being worse than {item.worse_than}"
            change = (
                "" if item.change is None or item.label == self.leader else f", {item.change:+.1%} of the learned range"
            )
            lines.append(f"  {item.label}: {item.status}{change}{p if item.status == 'worse' else ''}")
        return [*lines, *self.notes]
