"""Attributes and items: of settings, of objects, of classes, of modules."""

from __future__ import annotations

import ast
from typing import Any

from .modules import Modules
from .scope import Scope, decorators
from .values import (
    ANY,
    CLASS,
    DATA,
    EMPTY,
    FUNCTION,
    METHOD,
    MODULE,
    OBJECT,
    OUTSIDE,
    PRESETS,
    ROOT,
    SETTING,
    STAR,
    TEXT,
    UNKNOWN,
    Atom,
    Path,
    Value,
    certain,
    ordered,
)  # fmt: skip

#: Attribute under which an object keeps what stands under names that are not literal.
ELEMENTS = "*"
_MOST_BASES = 12
_MOST_DOTS = 3


class Objects(Modules):
    """Reads and writes parts of values."""

    tops: frozenset[str] = frozenset()
    paths: frozenset[Path] = frozenset()
    sealed = False  # set at the end: what nothing has defined until now is unknown

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.known: dict[Path, bool] = {}

    @property
    def missing(self) -> Value:
        """What stands for a value that nothing gives: unknown, once everything was looked at."""
        return ANY if self.sealed else EMPTY

    # -- classes ------------------------------------------------------------------------------------------------------
    def ancestry(self, scope: Scope) -> tuple[list[Scope], bool]:
        """Returns a class and its base classes in the checkout, and whether one of them is from elsewhere."""
        found, queue, outside = [scope], [scope], False
        while queue and len(found) < _MOST_BASES:
            for atom in ordered(self.get(("bases", queue.pop(0).number))):
                if atom[0] != CLASS:
                    outside = True
                elif self.scopes[atom[1]] not in found:
                    found.append(self.scopes[atom[1]])
                    queue.append(self.scopes[atom[1]])
        return found, outside

    def method(self, scope: Scope, name: str) -> Value:
        """Returns the functions that a method of a class may be."""
        for base in self.ancestry(scope)[0]:
            if name in base.names:
                return self.variable(base, name)
        return EMPTY

    def _of_instance(self, scope: Scope, name: str) -> set[Atom]:
        found = set(self.get(("a", scope.number, name)))
        family, outside = self.ancestry(scope)
        known = bool(found) or any(name in base.fields for base in family)
        for base in family:
            found |= self.get(("a", base.number, name)) if base is not scope else EMPTY
            if name in base.names:
                known = True
                for atom in ordered(self.variable(base, name)):
                    found |= self._bound(atom)
                break
        known = known or any(("set", base.number, name) in self.cells for base in family)
        self.get(("set", scope.number, name))
        if not known and (outside or self.sealed):
            return self._unknown(name)
        return found

    def _bound(self, atom: Atom) -> Value:
        if atom[0] != FUNCTION:
            return {atom}
        scope = self.scopes[atom[1]]
        self.refer({atom})
        kinds = decorators(scope.node)
        if "property" in kinds or "cached_property" in kinds:
            return self.get(("r", scope.number))
        return {(METHOD, atom[1])} if scope.own else {atom}

    def _unknown(self, name: str) -> set[Atom]:
        self.unknown.add(name)
        return {UNKNOWN}

    # -- parts --------------------------------------------------------------------------------------------------------
    def part(self, value: Value, name: str) -> set[Atom]:
        """Returns an attribute or an item under a literal name, which may be a path: ``args["run.steps"]``."""
        first, _, rest = name.partition(".")
        if first and rest:
            self.unknown.add(rest.rpartition(".")[2])
            return self.part(self.part(value, first), rest)
        found: set[Atom] = set()
        for atom in ordered(value):
            kind = atom[0]
            if kind == SETTING:
                found |= self.child(atom[1], name)
            elif kind == OBJECT:
                found |= self._of_object(atom[1], name)
            elif kind == MODULE:
                found |= self.member(atom[1], name)
            elif kind == CLASS:
                found |= self._of_class(self.scopes[atom[1]], name)
            elif kind == PRESETS:
                found |= {ROOT, *(self.child((), name) if name in self.tops else ())}
            elif atom in DATA:
                self.unknown.add(name)
                found.add(atom)
            elif kind == OUTSIDE:
                found.add(atom if atom[1].count(".") > _MOST_DOTS else (OUTSIDE, f"{atom[1]}.{name}"))
            elif kind != TEXT:
                found |= self._unknown(name)
        return found

    def child(self, path: Path, name: str) -> set[Atom]:
        """Returns a key of a group of settings, and counts it as read."""
        self.touched.add((*path, name))
        return self.quiet_child(path, name)

    def quiet_child(self, path: Path, name: str) -> set[Atom]:
        """Returns a key of a group without counting it as read: the code that gets it may not use it."""
        below = (*path, name)
        if name[:1] == STAR and path and path[-1][:1] == STAR:
            self.consumed.add(path)
            return {(SETTING, path)}
        found = set(self.get(("alias", below)))
        if self.is_known(below):
            found.add((SETTING, below))
        return found

    def is_known(self, path: Path) -> bool:
        """Returns whether a path is that of a setting or a group; nothing is below a setting."""
        known = self.known.get(path)
        if known is None:
            patterns = [part[:1] == STAR for part in path]
            known = any(
                len(other) == len(path)
                and all(star or part == name for star, part, name in zip(patterns, path, other, strict=True))
                for other in self.paths
            )
            self.known[path] = known
        return known

    def _of_class(self, scope: Scope, name: str) -> Value:
        value = self.method(scope, name)
        if value or any(name in base.names for base in self.ancestry(scope)[0]):
            return value
        return self._unknown(name) if self.ancestry(scope)[1] else self.get(("a", scope.number, name))

    def _of_object(self, number: int | tuple[int, str], name: str) -> set[Atom]:
        if isinstance(number, int):
            return self._of_instance(self.scopes[number], name)
        objects, others = self.together(number)
        found: set[Atom] = set()
        for one in objects:
            found |= self.get(("a", one, name)) | self.get(("a", one, ELEMENTS))
        return found | self.part(others, name) if others else found

    def together(self, number: tuple[int, str]) -> tuple[list[tuple[int, str]], set[Atom]]:
        """Returns an object with the dictionaries that were merged into it, and what else was merged into it."""
        objects, others = [number], set()
        for one in objects:
            for atom in ordered(self.get(("bases", one))):
                if atom[0] == OBJECT and isinstance(atom[1], tuple):
                    if atom[1] not in objects:
                        objects.append(atom[1])
                else:
                    others.add(atom)
        return objects, others

    def anything(self, value: Value, tag: str = "") -> set[Atom]:
        """Returns what an item under a computed name, or a step of a loop, gives; ``tag`` is the text of the name."""
        found: set[Atom] = set()
        for atom in ordered(certain(value)):
            kind = atom[0]
            if kind == SETTING:
                found |= self.child(atom[1], STAR + tag)
            elif kind == OBJECT and isinstance(atom[1], tuple):
                found |= self._all_of(atom[1])
            elif kind == PRESETS:
                found.add(ROOT)
            elif kind == MODULE:
                found |= self.expose(atom[1])
            elif kind != TEXT:
                found.add(UNKNOWN)
        return found

    def _all_of(self, number: tuple[int, str]) -> set[Atom]:
        objects, others = self.together(number)
        found: set[Atom] = set()
        for one in objects:
            found |= self.get(("a", one, ELEMENTS))
            for key in self.keys(one):
                found |= self.get(("a", one, key))
        return found | self.anything(others) if others else found

    def keys(self, number: tuple[int, str]) -> list[str]:
        """Returns the literal keys of a dictionary."""
        return sorted(atom[1] for atom in self.get(("keys", number)))

    def put(self, owner: Value, name: str, value: Value) -> None:
        """Sets an attribute or an item; the empty name stands for a computed one."""
        if not owner and self.sealed:
            self.consume(value)
        for atom in ordered(owner):
            if atom[0] == SETTING:
                if value and name:
                    self.add(("alias", (*atom[1], name)), value)
            elif atom[0] in (OBJECT, CLASS):
                number = atom[1]
                self.add(("a", number, name or ELEMENTS), value)
                if isinstance(number, int):
                    self.add(("set", number, name), ANY)
                elif name:
                    self.add(("keys", number), {(TEXT, name)}, wide=True)
            elif atom[0] == OUTSIDE:
                self.consume(value)
            elif atom[0] == MODULE and name:
                scope = self.module(atom[1])
                if scope is not None:
                    scope.names.add(name)
                    self.add(("v", scope.number, name), value)

    def attribute(self, number: tuple[int, str], name: str) -> set[Atom]:
        """Returns what a dictionary holds under exactly this name."""
        objects, others = self.together(number)
        found = set(self.part(others, name)) if others else set()
        return found.union(*(self.get(("a", one, name)) for one in objects))

    def made(self, node: ast.AST, mark: str = "") -> tuple[int, str]:
        """Returns the number of the object that an expression makes."""
        return self.number_of(node), mark

    def consume(self, value: Value) -> None:
        """Notes that code which is not seen gets a value."""
        self.eaten |= value

    def digest(self) -> None:
        """Notes the settings in everything that code which is not seen gets. Nothing may run after this."""
        self.now = None
        eaten = self.eaten | self.dropped
        queue = list(eaten)
        for atom in queue:
            if atom[0] == SETTING:
                self.consumed.add(atom[1])
            elif atom[0] == PRESETS:
                self.consumed.add(())
            elif atom[0] == OBJECT and isinstance(atom[1], tuple):
                parts = {*self.get(("bases", atom[1])), *self.get(("a", atom[1], ELEMENTS))}
                for key in self.keys(atom[1]):
                    parts |= self.get(("a", atom[1], key))
                queue += parts - eaten
                eaten |= parts
