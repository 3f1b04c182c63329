"""Finds the value that an expression stands for: a setting, or an argument of the function that it is in."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .choice_facts import Literal, Subject
from .names import is_run_config, last_name, literal_text

_DEPTH = 6
#: Name of each item of a list, as a part of a path.
EACH = "[]"
#: Methods of a setting that return it in another case.
_CASE = frozenset({"lower", "casefold"})
#: Nodes that bind names, or change what a name holds.
_BINDS = frozenset({
    ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.Call, ast.Global, ast.Nonlocal, ast.withitem,
})  # fmt: skip
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Names:
    """The names of one function, of the class that it belongs to, and of the file.

    Attributes:
      name: name of the function; empty for the file itself.
      owner: name that calls use: the class for its constructor.
      parameters: its parameters.
      assigned: names with their only assignment; None for those with several.
      lines: names with the line of their first assignment.
      outer: scope around it.
      attributes: attributes of self with their only assignment and its scope; None for those with several.
      here: line from which names are looked up, where a parameter counts although it is assigned further below.
    """

    name: str = ""
    owner: str = ""
    parameters: tuple[str, ...] = ()
    assigned: dict[str, ast.expr | None] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    outer: Names | None = None
    attributes: Mapping[str, tuple[ast.expr, Names] | None] = field(default_factory=dict)
    here: int = 0

    def subject(self, node: ast.AST | None, depth: int = 0) -> Subject | None:
        """Returns the value that an expression stands for; None where that is not known."""
        if depth > _DEPTH or node is None:
            return None
        if isinstance(node, ast.Name):
            return self._of_name(node.id, depth)
        if isinstance(node, ast.Attribute):
            return self._of_attribute(node, depth)
        if isinstance(node, ast.Subscript):
            return self._of_subscript(node, depth)
        return self._of_call(node, depth) if isinstance(node, ast.Call) else None

    def _of_name(self, name: str, depth: int) -> Subject | None:
        scope: Names | None = self
        while scope is not None:
            if name in scope.assigned and not scope.still_given(name, self.here):
                value = scope.assigned[name]
                found = scope.subject(value, depth + 1) if value is not None else None
                return found if found is not None else _root(name)
            if name in scope.parameters:
                return _root(name) or Subject(scope.owner or scope.name, name)
            scope = scope.outer
        return _root(name)

    def still_given(self, name: str, line: int) -> bool:
        """Returns whether a parameter still has the value of the call in a line, because it is assigned only later."""
        return name in self.parameters and 0 < line < self.lines.get(name, 0)

    def _of_attribute(self, node: ast.Attribute, depth: int) -> Subject | None:
        if is_run_config(node.attr.lstrip("_")):
            return Subject()
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            kept = self.attributes.get(node.attr)
            return kept[1].subject(kept[0], depth + 1) if kept is not None else None
        owner = self.subject(node.value, depth + 1)
        return owner.below(node.attr) if owner is not None and not owner.part else None

    def _of_subscript(self, node: ast.Subscript, depth: int) -> Subject | None:
        name = literal_text(node.slice)
        if name:
            owner = self.subject(node.value, depth + 1)
            return owner.below(name) if owner is not None and not owner.part else None
        split, part = node.value, node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(split, ast.Call) or not isinstance(split.func, ast.Attribute):
            return None
        method, by = split.func.attr, split.args[0] if split.args else None
        if method not in ("split", "partition") or literal_text(by) != "_":
            return None
        first, rest = part == 0, part == (2 if method == "partition" else 1) and _splits_once(split)
        whole = self.subject(split.func.value, depth + 1) if first or rest else None
        return replace(whole, first=first, rest=rest) if whole is not None and not whole.part else None

    def _of_call(self, node: ast.Call, depth: int) -> Subject | None:
        name, arguments = last_name(node.func), node.args
        if name == "str" and len(arguments) == 1:
            return self.subject(arguments[0], depth + 1)
        if name == "getattr" and len(arguments) > 1 and literal_text(arguments[1]):
            owner = self.subject(arguments[0], depth + 1)
            return owner.below(literal_text(arguments[1])) if owner is not None else None
        if not isinstance(node.func, ast.Attribute):
            return None
        if name in _CASE and not arguments:
            whole = self.subject(node.func.value, depth + 1)
            return replace(whole, lower=True) if whole is not None else None
        if name in ("get", "pop") and arguments and literal_text(arguments[0]):
            owner = self.subject(node.func.value, depth + 1)
            return owner.below(literal_text(arguments[0])) if owner is not None else None
        return None

    def value_of(self, node: ast.AST | None) -> ast.AST | None:
        """Returns the only value of a name, or the expression itself if it is no name."""
        if not isinstance(node, ast.Name):
            return node
        scope: Names | None = self
        while scope is not None and node.id not in scope.assigned:
            scope = scope.outer if node.id not in scope.parameters else None
        return scope.assigned[node.id] if scope is not None else None

    def constants(self, node: ast.AST | None) -> tuple[Literal, ...] | None:
        """Returns the values of a literal list, set or tuple, or the keys of a dictionary; None if any is unknown."""
        node = self.value_of(node)
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return _all_constants(node.elts)
        if isinstance(node, ast.Dict):
            return _all_constants(node.keys)
        if isinstance(node, ast.Call) and last_name(node.func) == "dict" and not node.args:
            names = [item.arg for item in node.keywords]
            return tuple(name for name in names if name) if all(names) else None
        return None


def _splits_once(split: ast.Call) -> bool:
    """Returns whether a split gives two parts: ``partition``, or ``split`` with a limit of one."""
    limits = (*split.args[1:], *(word.value for word in split.keywords))
    once = any(isinstance(item, ast.Constant) and item.value == 1 for item in limits)
    return once or last_name(split.func) == "partition"


def _root(name: str) -> Subject | None:
    return Subject() if is_run_config(name.lstrip("_")) else None


def _all_constants(nodes: list[ast.expr] | list[ast.expr | None]) -> tuple[Literal, ...] | None:
    values = [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None)
    ]
    return tuple(values) if len(values) == len(nodes) else None


def bind(scope: Names, nodes: Iterable[ast.AST]) -> Names:
    """Adds the names that the nodes of a scope bind: their only value, or None for those bound in other ways."""
    for node in nodes:
        if node.__class__ not in _BINDS:
            continue
        for name, value in _bound(node):
            scope.assigned[name] = None if name in scope.assigned else value
            line = getattr(node, "lineno", 0)
            scope.lines[name] = min(line, scope.lines.get(name, line))
    return scope


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
            elif isinstance(target, ast.Tuple | ast.List):
                yield from _unpacked(target, node.value)
            elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                yield target.value.id, None  # a dictionary that gets further keys
    elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
        yield node.target.id, ast.Subscript(value=node.iter, slice=ast.Constant(EACH), ctx=ast.Load())
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value if isinstance(node, ast.AnnAssign | ast.NamedExpr) else None
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        if node.func.attr in ("update", "setdefault", "append", "add", "extend"):
            yield node.func.value.id, None
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from ((name, None) for name in node.names)
    elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        yield node.optional_vars.id, None


def _unpacked(target: ast.Tuple | ast.List, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    for index, item in enumerate(target.elts):
        if not isinstance(item, ast.Name):
            continue
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            yield item.id, value.elts[index]
        else:
            yield item.id, ast.Subscript(value=value, slice=ast.Constant(index), ctx=ast.Load())


def parameters_of(function: _Function) -> tuple[str, ...]:
    """Returns the names of a function's parameters, without ``self``."""
    names = [item.arg for item in (*function.args.posonlyargs, *function.args.args)]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    return (*names, *(item.arg for item in function.args.kwonlyargs))
