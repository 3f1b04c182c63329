"""Computes how many gradient updates are due after a number of agent steps, in exact integers.

With the train ratio R (replayed agent steps per agent step) and batches of `batch_steps` = B x T replayed steps,
r = R / batch_steps updates fall due per agent step. After the first call at step s₀ the total is

    U(s) = ⌊(s - s₀) r⌋ + 1

so the first call returns one update. danijar/dreamerv3 counts the same in floating point (`elements/when.py:Ratio`
accumulates ``updates / r``). Where ``1 / r`` is an exact float both agree at every step; elsewhere rounding leaves that
counter one update behind at some steps (r = 1.5: at half of them), never more.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypedDict

from ..checkpoints.errors import DoesNotMatch


class RatioState(TypedDict):
    """State of `TrainRatio` in a checkpoint. Plain integers; `first` is -1 before the first call."""

    first: int
    done: int
    numerator: int
    denominator: int


def exact_fraction(value: float) -> Fraction:
    """Converts `value` to the fraction that its author most likely meant.

    A decimal of at most 15 digits is taken literally (0.3 is 3/10, not the binary float below it), because that many
    digits always survive a float. A longer one comes from a division and becomes the simplest fraction with a
    denominator up to a million that rounds to it (0.3333333333333333 is 1/3); otherwise the result is the exact float.
    """
    literal = Fraction(repr(float(value)))
    digits = len(repr(float(value)).split("e")[0].replace(".", "").strip("-0"))
    if digits <= 15:
        return literal
    simple = literal.limit_denominator(1_000_000)
    return simple if float(simple) == value else Fraction(value)


class TrainRatio:
    """Schedules updates with exact integers.

    Args:
      train_ratio: replayed agent steps per agent step; 0 never trains.
      batch_steps: replayed agent steps of one update, batch_size x batch_length.

    Raises:
      ValueError: the ratio is negative or not finite, or batch_steps is below one.
    """

    def __init__(self, train_ratio: float, batch_steps: int) -> None:
        if not 0 <= train_ratio < float("inf"):
            raise ValueError(f"train ratio must be zero or a positive number, not {train_ratio}")
        if batch_steps < 1:
            raise ValueError(f"one update must replay at least one step, not {batch_steps}")
        self._ratio = exact_fraction(train_ratio) / batch_steps
        self._first: int | None = None
        self._done = 0

    @property
    def updates_per_step(self) -> Fraction:
        """Updates per agent step."""
        return self._ratio

    @property
    def done(self) -> int:
        """Number of updates returned by `due` so far."""
        return self._done

    def due(self, steps: int) -> int:
        """Returns the updates that are due after `steps` agent steps and counts them as done. The first call returns 1.

        Raises:
          ValueError: `steps` is so small that an earlier update would not be due.
        """
        if not self._ratio:
            return 0
        if self._first is None:
            self._first = steps
        total = (steps - self._first) * self._ratio.numerator // self._ratio.denominator + 1
        if total < self._done:
            raise ValueError(f"agent steps decreased: {steps} now, more at an earlier call")
        due, self._done = total - self._done, total
        return due

    def state(self) -> RatioState:
        """Returns the state of a checkpoint, as plain integers."""
        first = -1 if self._first is None else self._first
        return RatioState(
            first=first, done=self._done, numerator=self._ratio.numerator, denominator=self._ratio.denominator
        )

    @classmethod
    def from_state(cls, train_ratio: float, batch_steps: int, state: RatioState) -> TrainRatio:
        """Restores a `state` without losing or repeating an update.

        Raises:
          DoesNotMatch: the checkpoint has another ratio.
        """
        ratio = cls(train_ratio, batch_steps)
        stored = Fraction(state["numerator"], state["denominator"])
        if stored != ratio._ratio:
            raise DoesNotMatch(
                f"the checkpoint has {stored} updates per agent step, this run {ratio._ratio}:"
                " keep run.train_ratio and the batch shape when resuming"
            )
        ratio._first = None if state["first"] < 0 else state["first"]
        ratio._done = state["done"]
        return ratio
