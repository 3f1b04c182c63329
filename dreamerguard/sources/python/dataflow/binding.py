"""Calls of the checkout's own functions and classes: which parameter gets which argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .objects import ELEMENTS, Objects
from .scope import Scope
from .values import (
    CLASS,
    EMPTY,
    FUNCTION,
    METHOD,
    OBJECT,
    PARTIAL,
    PRESETS,
    SETTING,
    STAR,
    UNKNOWN,
    Atom,
    Path,
    Value,
    ordered,
)  # fmt: skip


@dataclass
class CallArguments:
    """Arguments of a call.

    Attributes:
      given: by place.
      listed: of ``*values``.
      named: by name.
      unpacked: of ``**values``.
    """

    given: Sequence[Value] = ()
    listed: Sequence[Value] = ()
    named: Mapping[str, Value] = field(default_factory=dict)
    unpacked: Sequence[Value] = ()

    def before(self, later: CallArguments) -> CallArguments:
        """Returns these arguments with those of a later call behind them."""
        named, unpacked = {**self.named, **later.named}, [*self.unpacked, *later.unpacked]
        return CallArguments([*self.given, *later.given], [*self.listed, *later.listed], named, unpacked)

    def all(self) -> list[Value]:
        """Returns all of them."""
        return [*self.given, *self.listed, *self.named.values(), *self.unpacked]


class Binding(Objects):
    """Gives arguments to parameters.

    Attributes:
      suites: function or class -> text of an index -> names under which a table of constructors has it.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.partials: dict[int, CallArguments] = {}
        self.suites: dict[int, dict[str, set[str]]] = {}

    def call_function(self, number: int, arguments: CallArguments, *, method: bool) -> Value:
        """Binds the arguments of a call; returns what the function returns."""
        scope = self.scopes[number]
        if not scope.live:
            self.start(scope)
        scope.called = True
        given = arguments.given
        if scope.own and not method:
            self.bind_name(scope, scope.own, given[0] if given else EMPTY)
            given = given[1:]
        self.bind(scope, scope.parameters, given, arguments)
        return self.get(("r", number))

    def bind(self, scope: Scope, names: Sequence[str], given: Sequence[Value], arguments: CallArguments) -> None:
        """Gives arguments to the parameters of a function."""
        for name, value in zip(names, given, strict=False):
            self.bind_name(scope, name, value)
        for value in given[len(names) :]:
            self._rest(scope, value)
        for value in arguments.listed:
            for name in names[len(given) :]:
                self.bind_name(scope, name, self.anything(value))
            self._rest(scope, self.anything(value))
        known = {*names, *scope.keywords}
        for name, value in arguments.named.items():
            if name in known:
                self.bind_name(scope, name, value)
            elif scope.options:
                self.put(self._options(scope), name, value)
        taken = {*names[: len(given)], *arguments.named}
        for value in arguments.unpacked:
            self._unpack(scope, known - taken, value)

    def bind_name(self, scope: Scope, name: str, value: Value) -> None:
        """Gives a value to one parameter."""
        scope.bound.add(name)
        self.add(("v", scope.number, name), value)

    def _rest(self, scope: Scope, value: Value) -> None:
        if scope.rest and value:
            owner = (scope.number, "rest")
            self.add(("a", owner, ELEMENTS), value)
            self.bind_name(scope, scope.rest, {(OBJECT, owner)})

    def _options(self, scope: Scope) -> Value:
        value = frozenset({(OBJECT, (scope.number, "options"))})
        self.bind_name(scope, scope.options, value)
        return value

    def _unpack(self, scope: Scope, names: set[str], value: Value) -> None:
        """Gives the keys of an unpacked value to parameters, and the rest to ``**kwargs``."""
        for atom in ordered(value):
            if atom[0] == SETTING or atom[0] == PRESETS:
                for path in self.narrowed(atom[1] if atom[0] == SETTING else (), scope):
                    for name in sorted(names):
                        self.bind_name(scope, name, self.quiet_child(path, name))
                    if scope.options:
                        self.add(("bases", (scope.number, "options")), {(SETTING, path)})
                        self._options(scope)
            elif atom[0] == OBJECT and isinstance(atom[1], tuple):
                self._unpack_object(scope, names, atom[1])
            else:
                self.consume({atom})
                for name in sorted(names):
                    self.unknown.add(name)
                    self.bind_name(scope, name, {UNKNOWN})
                if scope.options:
                    self.put(self._options(scope), "", {UNKNOWN})

    def _unpack_object(self, scope: Scope, names: set[str], number: tuple[int, str]) -> None:
        objects, others = self.together(number)
        for one in objects:
            for key in self.keys(one):
                part = self.get(("a", one, key))
                if key in names:
                    self.bind_name(scope, key, part)
                elif scope.options:
                    self.put(self._options(scope), key, part)
            rest = self.get(("a", one, ELEMENTS))
            for name in sorted(names) if rest else ():
                self.bind_name(scope, name, rest)
            if rest and scope.options:
                self.put(self._options(scope), "", rest)
        if others:
            self._unpack(scope, names, others)

    def narrowed(self, path: Path, scope: Scope) -> list[Path]:
        """Returns the groups that a constructor of a table gets: ``env.dmc`` instead of any group of ``env``."""
        while scope.kind == "function" and scope.own and scope.parent is not None:
            scope = scope.parent
        names = self.suites.get(scope.number, {}).get(path[-1][1:] if path and path[-1][:1] == STAR else "")
        if names:
            return [(*path[:-1], name) for name in sorted(names)]
        return [path]

    def add_suites(self, number: int, tag: str, names: Iterable[str]) -> None:
        """Notes that a table has a function or class under some names."""
        self.suites.setdefault(number, {}).setdefault(tag, set()).update(names)

    def call_class(self, number: int, arguments: CallArguments) -> Value:
        """Binds the arguments of a constructor; returns the instance."""
        scope = self.scopes[number]
        self.refer({(CLASS, number)})
        family, outside = self.ancestry(scope)
        fields = [name for base in family for name in base.fields]
        makers = {*self.method(scope, "__init__"), *self.method(scope, "__new__")}
        for atom in ordered(makers):
            if atom[0] == FUNCTION:
                self._instantiate(scope, atom[1], arguments)
        if fields:
            self._fill(scope, fields, arguments, places=not makers)
        elif not makers and outside and self.sealed:
            for value in arguments.all():
                self.consume(value)
        return {(OBJECT, number)}

    def _instantiate(self, scope: Scope, number: int, arguments: CallArguments) -> None:
        maker = self.scopes[number].parent
        for tag, names in self.suites.get(scope.number, {}).items() if maker not in (None, scope) else ():
            self.add_suites(maker.number if maker is not None else -1, tag, names)
        self.call_function(number, arguments, method=True)

    def _fill(self, scope: Scope, fields: list[str], arguments: CallArguments, *, places: bool) -> None:
        """Gives arguments to the annotated fields of a class."""
        owner = frozenset({(OBJECT, scope.number)})
        for name, value in zip(fields, arguments.given if places else (), strict=False):
            self.put(owner, name, value)
        for name, value in arguments.named.items():
            if name in fields:
                self.put(owner, name, value)
        for value in arguments.unpacked:
            for name in fields:
                if name not in arguments.named:
                    self.put(owner, name, self._field(scope, value, name))

    def _field(self, scope: Scope, value: Value, name: str) -> set[Atom]:
        found: set[Atom] = set()
        for atom in ordered(value):
            if atom[0] == SETTING:
                for path in self.narrowed(atom[1], scope):
                    found |= self.quiet_child(path, name)
            elif atom[0] == PRESETS:
                found |= self.quiet_child((), name)
            elif atom[0] == OBJECT and isinstance(atom[1], tuple):
                objects, others = self.together(atom[1])
                for one in objects:
                    found |= self.get(("a", one, name)) | self.get(("a", one, ELEMENTS))
                found |= self._field(scope, others, name)
            else:
                self.unknown.add(name)
                found.add(UNKNOWN)
        return found

    def call(self, value: Value, arguments: CallArguments) -> Value:
        """Calls functions, methods and classes of the checkout; returns what they give."""
        found: set[Atom] = set()
        for atom in ordered(value):
            if atom[0] == FUNCTION or atom[0] == METHOD:
                found |= self.call_function(atom[1], arguments, method=atom[0] == METHOD)
            elif atom[0] == CLASS:
                found |= self.call_class(atom[1], arguments)
            elif atom[0] == PARTIAL:
                found |= self.call(self.get(("partial", atom[1])), self.partials[atom[1]].before(arguments))
            elif atom[0] == OBJECT and isinstance(atom[1], int):
                for name in ("__call__", "forward"):
                    for other in ordered(self.method(self.scopes[atom[1]], name)):
                        if other[0] == FUNCTION:
                            found |= self.call_function(other[1], arguments, method=True)
        return found
