"""The train ratio that gives a run the published update rate for its batch shape.

The ratio counts replayed steps and one update replays ``batch_size x batch_length`` of them
(https://github.com/danijar/dreamerv3/issues/154), so another shape needs the published ratio in proportion.
"""

from __future__ import annotations

from dreamerguard.core.arithmetic import quotient
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RightRatio:
    """The train ratio that keeps the published update rate.

    Attributes:
      text: the value in the unit of the program.
      shape: batch shapes of the run and of the published run, ``2 x 8`` and ``16 x 64``; equal where nothing changed.
      published: the published value.
      part: the run's ratio as a share of the right one, which is its share of updates per agent step.
      plain_part: the run's ratio as a share of the published one.
    """

    text: str
    shape: tuple[str, str]
    published: str
    part: float
    plain_part: float

    @property
    def adapted(self) -> bool:
        """Whether it differs from the published value because of the batch shape."""
        return self.text != self.published

    def __str__(self) -> str:
        return f"{self.text} ({self.published} at {self.shape[1]})" if self.adapted else self.text

    def of_task(self, task: str) -> str:
        """Returns the value and its origin, for the end of a message: ``512 published for dmc_walker_walk``."""
        if not self.adapted:
            return f"{self.text} published for {task}"
        return f"{self.text} that keeps the published update rate of {task} with batches of {self.shape[0]}"


def right_ratio(run: ResolvedRun) -> RightRatio | None:
    """Returns the ratio for this run's batch shape; None if the task has no published ratio."""
    expected, budget = run.expected("train_ratio"), run.budget
    if expected is None or budget is None or run.reference is None or not isinstance(expected.value, int | float):
        return None
    theirs = run.reference.budget
    scale = budget.batch_steps / theirs.batch_steps
    right = expected.value if run.units.ratio == "updates" else expected.value * scale
    return RightRatio(
        text=spell_scalar(float(f"{right:.6g}")),
        shape=(_shape(budget.batch_size, budget.batch_length), _shape(theirs.batch_size, theirs.batch_length)),
        published=spell_scalar(expected.value),
        part=quotient(budget.train_ratio, theirs.train_ratio * scale),
        plain_part=quotient(budget.train_ratio, theirs.train_ratio),
    )


def _shape(size: float, length: float) -> str:
    return f"{spell_scalar(size)} x {spell_scalar(length)}"
