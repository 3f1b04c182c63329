"""Calls as they are written: functions that the trace knows by name, and all others."""

from __future__ import annotations

import ast
from typing import Any

from dreamerguard.sources.python.names import literal_text

from .binding import CallArguments
from .calls import Calls
from .scope import Scope
from .values import (
    ANY,
    CLASS,
    EMPTY,
    FUNCTION,
    MODULE,
    OBJECT,
    OUTSIDE,
    PARTIAL,
    SETTING,
    STAR,
    TEXT,
    WRAPPERS,
    Atom,
    Path,
    Value,
    ordered,
)

_PARTIAL = frozenset({"partial", "bind", "partialmethod"})


class WrittenCalls(Calls):
    """Evaluates calls in the scope that runs."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fixed: dict[Path, str] = {}
        self.singles: dict[Path, bool] = {}

    @property
    def here(self) -> Scope:
        """The scope that runs."""
        assert self.now is not None, "only running code has expressions"
        return self.now

    def touch(self, value: Value) -> Value:
        """Counts settings as read. A single setting need not be followed further."""
        done = []
        for atom in ordered(value):
            if atom[0] == SETTING:
                self.touched.add(atom[1])
                if self.is_single(atom[1]):
                    done.append(atom)
        return {atom for atom in value if atom not in done} if done else value

    def is_single(self, path: Path) -> bool:
        """Returns whether nothing is below a path, and no branch depends on it."""
        single = self.singles.get(path)
        if single is None:
            single = self.singles[path] = bool(path) and path not in self.fixed and not self.is_known((*path, STAR))
        return single

    def named_class(self, text: str) -> Value:
        """Returns the class or function of a text such as ``envs.dmc:DMC``."""
        module, _, name = text.partition(":")
        path = self.find(self.here.file, module)
        return self.refer(self.member(path, name)) if path else EMPTY

    def arguments(self, node: ast.Call) -> CallArguments:
        """Evaluates the arguments of a call."""
        given = [self.value(item) for item in node.args if not isinstance(item, ast.Starred)]
        listed = [self.value(item.value) for item in node.args if isinstance(item, ast.Starred)]
        named = {item.arg: self.value(item.value) for item in node.keywords if item.arg}
        unpacked = [self.value(item.value) for item in node.keywords if not item.arg]
        return CallArguments(given, listed, named, unpacked)

    def _call(self, node: ast.Call) -> Value:
        function = node.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        arguments = self.arguments(node)
        special = self._special(node, last, arguments)
        if special is not None:
            return special
        if isinstance(function, ast.Attribute):
            if isinstance(function.value, ast.Call) and getattr(function.value.func, "id", "") == "super":
                return self._super(node, function.attr, arguments)
            return self.method_call(node, function.attr, self.value(function.value), arguments)
        return self.plain_call(node, self.value(function), arguments)

    def _special(self, node: ast.Call, last: str, arguments: CallArguments) -> Value | None:
        given = arguments.given
        if last in ("getattr", "hasattr") and len(given) > 1:
            found = self.touch(self.refer(self._by_name(node, given))) | set().union(*given[2:])
            return found if last == "getattr" else EMPTY
        if last == "setattr" and len(given) > 2:
            self.put(given[0], literal_text(node.args[1]), given[2])
            return EMPTY
        if last in _PARTIAL and given:
            number = self.number_of(node)
            self.add(("partial", number), given[0])
            self.partials[number] = CallArguments(given[1:], arguments.listed, arguments.named, arguments.unpacked)
            self.call({(PARTIAL, number)}, CallArguments())
            return {(PARTIAL, number), *(atom for atom in given[0] if atom[0] == "u")}
        if last in ("import_module", "__import__") and given:
            return self._imported(node, given[0])
        owns = isinstance(node.func, ast.Attribute) and last in (
            "copy",
            "merge",
            "to_dict",
            "filter",
            "map",
            "freeze",
            "create",
        )
        if last in WRAPPERS and (given or arguments.named or arguments.unpacked) and not owns:
            self.value(node.func)
            return self.wrapped(node, arguments)
        if last in WRAPPERS and last in ("deepcopy", "copy", "to_container", "create", "merge") and given:
            self.value(node.func)
            return self.wrapped(node, arguments)
        return None

    def _by_name(self, node: ast.Call, given: list[Value] | Any) -> Value:
        text = literal_text(node.args[1])
        if text:
            return self.part(given[0], text)
        found: set[Atom] = set()
        texts = sorted(atom[1] for atom in given[1] if atom[0] == TEXT)
        for atom in ordered(given[0]):
            if atom[0] == MODULE and texts:
                for name in texts:
                    scope = self.module(atom[1])
                    if scope is not None and name in scope.names:
                        found |= self.member(atom[1], name)
            else:
                found |= self.item({atom}, node.args[1])
        return found

    def _imported(self, node: ast.Call, value: Value) -> Value:
        texts = {atom[1].partition(":")[0] for atom in value if atom[0] == TEXT} | {literal_text(node.args[0])} - {""}
        found: set[Atom] = set()
        for text in sorted(texts):
            path = self.find(self.here.file, text.lstrip("."))
            if path:
                self.module(path)
                found.add((MODULE, path))
        if found:
            return found
        first = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) and node.args[0].values else None
        folder = self.find(self.here.file, literal_text(first).strip(".")) if first is not None else ""
        return set().union(*(self.expose(path) for path in self._inside_of(folder))) | ANY if folder else ANY

    def _inside_of(self, folder: str) -> list[str]:
        start = f"{folder}/"
        names = sorted(name for name in self.files if name.startswith(start) and name.count("/") == start.count("/"))
        return [name.removesuffix(".py") for name in names if not name.endswith("__init__.py")]

    def _super(self, node: ast.Call, name: str, arguments: CallArguments) -> Value:
        scope: Scope | None = self.here
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        if scope is None:
            return ANY
        if name == "__new__":
            return {(OBJECT, atom[1]) for atom in arguments.given[0] if atom[0] == CLASS} if arguments.given else ANY
        family, outside = self.ancestry(scope)
        for base in family[1:]:
            if name in base.names:
                found: set[Atom] = set()
                for atom in ordered(self.variable(base, name)):
                    if atom[0] == FUNCTION:
                        found |= self.call_function(atom[1], arguments, method=True)
                return found
        return self.plain_call(node, {(OUTSIDE, f"super.{name}")}, arguments) if outside else EMPTY

    # -- filled in by expressions -------------------------------------------------------------------------------------
    def value(self, node: ast.AST | None) -> Value:
        """Returns the value of an expression."""
        raise NotImplementedError
