"""Follows the configuration from a training script through the code that can run, and says which settings it reads."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .scope import Scope
from .statements import Statements
from .store import TooLarge
from .values import CLASS, EMPTY, FUNCTION, OBJECT, STAR, UNKNOWN, Path, ordered

#: Times that code without a known caller is added.
_MOST_ROUNDS = 12
NO_TARGETS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Trace:
    """What the code reads.

    Attributes:
      touched: paths of settings that are read.
      consumed: groups that go as a whole to code that is not seen.
      unknown: names that are read from objects of unknown origin.
    """

    touched: frozenset[Path]
    consumed: frozenset[Path]
    unknown: frozenset[str]

    def may_read(self, key: str) -> bool:
        """Returns whether the code may read a key."""
        path = tuple(key.split("."))
        if path[-1] in self.unknown:
            return True
        if any(len(other) == len(path) and _fits(other, path) for other in self.touched):
            return True
        return any(len(other) <= len(path) and _fits(other, path) for other in self.consumed)


def _fits(pattern: Path, path: Path) -> bool:
    return all(part == name or part[:1] == STAR for part, name in zip(pattern, path, strict=False))


class _Tracer(Statements):
    def start(self, scope: Scope) -> None:
        super().start(scope)
        if scope.kind == "class":
            self.fresh.append(scope)

    def follow(self) -> None:
        """Runs everything in the queue."""
        while self.queue or self.fresh:
            while self.queue:
                scope = self.queue.popleft()
                self.queued.discard(scope)
                if scope.live or scope.kind == "class":
                    self.run(scope)
            self.now = None
            ready = [scope for scope in self.fresh if scope.ran]
            self.fresh.clear()
            for scope in ready:
                self._enliven(scope)

    def _enliven(self, scope: Scope) -> None:
        """Lets the methods of a class run, with its instance as their first argument."""
        family, _ = self.ancestry(scope)
        for base in family:
            for name in sorted(base.names):
                for atom in ordered(self.cells.get(("v", base.number, name), EMPTY)):
                    if atom[0] == FUNCTION and self.scopes[atom[1]].parent is base:
                        method = self.scopes[atom[1]]
                        self.add(("methods", name), {("b", atom[1])}, wide=True)
                        if method.own:
                            kind = CLASS if method.own == "cls" or name == "__new__" else OBJECT
                            self.add(("v", method.number, method.own), {(kind, scope.number)}, wide=True)
                        if not method.live:
                            self.start(method)

    def unknown_callers(self) -> bool:
        """Gives unknown values to the parameters of functions that no seen call reaches; whether there were any."""
        found = False
        for scope in list(self.scopes):
            if scope.kind == "function" and scope.live and scope.ran and not scope.called:
                scope.called = found = True
                for name in (*scope.parameters, *scope.keywords):
                    self.unknown.add(name)
                    self.bind_name(scope, name, {UNKNOWN})
                for name in (scope.rest, scope.options):
                    if name:
                        self.bind_name(scope, name, {UNKNOWN})
        return found

    def settle(self) -> None:
        """Runs everything until nothing new can run."""
        for _ in range(_MOST_ROUNDS):
            self.follow()
            if self.unknown_callers():
                continue
            if self.sealed:
                return
            self.sealed = True
            for scope in self.scopes:
                if scope.ran:
                    self.enqueue(scope)
        raise TooLarge

    def finish(self) -> None:
        """Gives arguments of calls that led nowhere to unknown code."""
        for name, arguments in self.pending.values():
            if not self.cells.get(("methods", name)):
                for value in arguments.all():
                    self.consume(value)
        self.digest()


def trace(
    files: Iterable[str],
    tree_of: Callable[[str], ast.Module | None],
    scripts: Iterable[str],
    keys: Iterable[str],
    fixed: Mapping[str, str],
    targets: Mapping[str, str] = NO_TARGETS,
) -> Trace | None:
    """Follows the configuration from scripts; None where the code is too large or not all of it can be read.

    Args:
      files: names of the checkout's Python files.
      tree_of: the syntax tree of a file.
      scripts: files that the interpreter starts with.
      keys: all keys.
      fixed: keys with a known value that branches are chosen by.
      targets: groups of settings -> dotted name of what hydra calls with their keys.
    """
    tracer = _Tracer(files, tree_of)
    tracer.tops = frozenset(key.partition(".")[0] for key in keys)
    parts = [tuple(key.split(".")) for key in keys]
    tracer.paths = frozenset(path[:length] for path in parts for length in range(1, len(path) + 1))
    tracer.fixed = {tuple(key.split(".")): value for key, value in fixed.items()}
    tracer.targets = {tuple(group.split(".")): name for group, name in targets.items()}
    try:
        for script in scripts:
            tracer.mains.add(script)
            tracer.module(script.removesuffix(".py"))
        tracer.settle()
        tracer.finish()
    except (TooLarge, RecursionError):
        return None
    if tracer.unread:
        return None
    return Trace(frozenset(tracer.touched), frozenset(tracer.consumed), frozenset(tracer.unknown))
