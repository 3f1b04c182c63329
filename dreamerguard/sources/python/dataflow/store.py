"""Cells that hold values, and the queue of code that must be looked at again because a cell that it read has grown."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from .scope import Scope
from .values import CLASS, EMPTY, OBJECT, SETTING, TEXT, UNKNOWN, Atom, Cell, Path, Value

#: Steps that are made at most, and atoms that most cells hold.
MOST_STEPS = 250_000
_MOST_ATOMS = 10
_KEPT = frozenset({SETTING, CLASS, TEXT})


class TooLarge(Exception):
    """The checkout needs more steps than allowed."""


class Cells:
    """Cells and the queue.

    Attributes:
      touched: paths that are read.
      consumed: paths whose whole group goes to unknown code.
      unknown: names that are read from objects of unknown origin.
    """

    def __init__(self) -> None:
        self.cells: dict[Cell, set[Atom]] = {}
        self.users: dict[Cell, dict[Scope, None]] = {}
        self.queue: deque[Scope] = deque()
        self.queued: set[Scope] = set()
        self.now: Scope | None = None
        self.steps = MOST_STEPS
        self.touched: set[Path] = set()
        self.consumed: set[Path] = set()
        self.unknown: set[str] = set()
        self.eaten: set[Atom] = set()
        self.dropped: set[Atom] = set()

    def get(self, cell: Cell) -> Value:
        """Returns what a cell holds; the code that runs is looked at again when that grows."""
        self.steps -= 1
        if self.steps < 0:
            raise TooLarge
        if self.now is not None:
            users = self.users.get(cell)
            if users is None:
                self.users[cell] = {self.now: None}
            else:
                users[self.now] = None
        return self.cells.get(cell, EMPTY)

    def add(self, cell: Cell, value: Iterable[Atom], *, wide: bool = False) -> None:
        """Adds a value to a cell. One that is not ``wide`` keeps no more than some functions and objects."""
        old = self.cells.get(cell)
        if old is None:
            old = self.cells[cell] = set()
        new = set(value) - old
        if len(new) + len(old) > _MOST_ATOMS and not wide:
            new = self._narrowed(old, new)
        if new:
            old |= new
            for user in self.users.get(cell, ()):
                self.enqueue(user)

    def _narrowed(self, old: set[Atom], new: set[Atom]) -> set[Atom]:
        """Returns new atoms for a cell that holds many: settings, and one that stands for all others."""
        kept = {atom for atom in new if atom[0] in _KEPT}
        self.dropped |= {atom for atom in new if atom[0] == OBJECT and isinstance(atom[1], tuple)}
        return {*kept, UNKNOWN} - old

    def enqueue(self, scope: Scope) -> None:
        """Puts code into the queue."""
        if scope not in self.queued:
            self.queued.add(scope)
            self.queue.append(scope)

    def count(self) -> None:
        """Counts one step."""
        self.steps -= 1
        if self.steps < 0:
            raise TooLarge
