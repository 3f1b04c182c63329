"""Rows of the trust table: a fault, how it is injected, and a function that injects it and measures what was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bench import Bench


@dataclass
class Finding:
    """What a fault did.

    Attributes:
      times: how often it was injected.
      lost: what was lost, each a short phrase; must stay empty.
      wrong: other failures, for example a crash, a hang or a false exit code; must stay empty.
      after_save: what a kill lost after the last save; allowed.
      message: the line that the user sees about it.
      codes: exit codes, with counts.
    """

    times: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    after_save: str = ""
    message: str = ""
    codes: dict[str, int] = field(default_factory=dict)

    def count(self, code: int | str | None) -> None:
        """Counts an injection and the exit code that followed."""
        self.times += 1
        if code is not None:
            self.codes[str(code)] = self.codes.get(str(code), 0) + 1

    def expect(self, holds: bool, wrong: str) -> None:
        """Notes something wrong unless it holds; the same sentence only once."""
        if not holds and wrong not in self.wrong:
            self.wrong.append(wrong)

    def lose(self, what: str) -> None:
        """Notes a loss; the same only once."""
        if what and what not in self.lost:
            self.lost.append(what)

    @property
    def bad(self) -> bool:
        """Whether the row fails."""
        return bool(self.lost or self.wrong)


class NotRun(Exception):
    """The row cannot be measured here. It counts as a failure, because nothing is known."""


#: A function that injects a fault ``times`` times.
Inject = Callable[["Bench", int], Finding]


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
      number: number of the row; those of the review first.
      fault: the fault.
      how: how it is injected.
      inject: the function.
      times, quick: injections in a full and in a quick run.
      test: test of the suite for the same fault.
    """

    number: int
    fault: str
    how: str
    inject: Inject
    times: int = 1
    quick: int = 1
    test: str = ""


ROWS: dict[int, Row] = {}


def row(
    number: int, fault: str, how: str, *, times: int = 1, quick: int = 1, test: str = ""
) -> Callable[[Inject], Inject]:
    """Adds a function to the table."""

    def add(inject: Inject) -> Inject:
        if number in ROWS:
            raise ValueError(f"row {number} is defined twice")
        ROWS[number] = Row(number, fault, how, inject, times, quick, test)
        return inject

    return add
