"""Groups of settings that all code reads by literal names, such as ``self.penalty["scale"]``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from .carried import WHOLE
from .names import last_name, literal_text, wraps
from .tree_walk import walk

#: Limits of the search: names that hold the group, and files that name it.
_MOST_NAMES, _MOST_FILES = 12, 12
_GETS = frozenset({"get", "pop", "setdefault"})
_OPEN = WHOLE | {"copy", "update", "to_dict"}
#: Functions that do not read what a group holds.
_TESTS = frozenset({"isinstance", "bool", "print", "type", "id", "len"})
_NAMED = frozenset({"getattr", "hasattr"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def literal_reads(
    group: str,
    named: Callable[[str], Iterable[str]],
    tree_of: Callable[[str], ast.Module | None],
    defining: Callable[[str], Iterable[str]],
) -> frozenset[str] | None:
    """Returns the names under which code reads a group; None if some code may read it under other names.

    Args:
      group: last name of the group.
      named: returns the files that hold a word.
      tree_of: returns the syntax tree of a file.
      defining: returns the files that define a function or class.
    """
    search = _Uses(tree_of, defining)
    search.add(group)
    while search.queue:
        name = search.queue.pop()
        for file in dict.fromkeys((*named(name), *named(f"_{name}"))):
            if not search.look(file, name):
                return None
    return frozenset(search.reads)


class _Uses:
    def __init__(self, tree_of: Callable[[str], ast.Module | None], defining: Callable[[str], Iterable[str]]) -> None:
        self.tree_of = tree_of
        self.defining = defining
        self.parents: dict[str, dict[ast.AST, ast.AST]] = {}
        self.functions: dict[str, list[Function]] = {}
        self.names: set[str] = set()
        self.queue: list[str] = []
        self.reads: set[str] = set()

    def add(self, name: str) -> bool:
        """Adds a name that holds the group; returns whether it can be followed."""
        if name and name not in self.names:
            self.names.add(name)
            self.queue.append(name)
        return bool(name) and len(self.names) <= _MOST_NAMES

    def look(self, file: str, name: str) -> bool:
        """Returns whether a file uses a name only in ways that are understood."""
        parents = self._parents(file)
        return parents is not None and all(
            self._use(node, parents) for node in tuple(parents) if isinstance(node, ast.expr) and _holds(node, name)
        )

    def _parents(self, file: str) -> dict[ast.AST, ast.AST] | None:
        if file not in self.parents:
            tree = self.tree_of(file)
            if tree is None or len(self.parents) >= _MOST_FILES:
                return None
            self.parents[file] = {
                child: node for node in walk(tree) if node is not None for child in ast.iter_child_nodes(node)
            }
        return self.parents[file]

    def _use(self, node: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool:
        """Returns whether one use of the group is understood."""
        parent = parents[node]
        while isinstance(parent, ast.BoolOp | ast.NamedExpr) or (isinstance(parent, ast.IfExp) and parent.test != node):
            if isinstance(parent, ast.NamedExpr) and not self.add(last_name(parent.target)):
                return False
            node, parent = parent, parents[parent]
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or isinstance(parent, ast.Expr):
            return True
        if isinstance(parent, ast.Attribute):
            return self._attribute(parent, parents[parent])
        if isinstance(parent, ast.Subscript):
            return parent.slice is node or self._named(literal_text(parent.slice))
        if isinstance(parent, ast.Compare):
            return self._compared(parent, node)
        if isinstance(parent, ast.Assign | ast.AnnAssign):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return all(isinstance(item, ast.Name | ast.Attribute) and self.add(last_name(item)) for item in targets)
        if isinstance(parent, ast.Call):
            return parent.func is node or self._argument(parent, node)
        if isinstance(parent, ast.keyword):
            call = parents[parent]
            return isinstance(call, ast.Call) and parent.arg is not None and self._keyword(call, parent.arg)
        tests = isinstance(parent, ast.If | ast.While | ast.Assert | ast.IfExp) and parent.test is node
        return tests or isinstance(parent, ast.UnaryOp | ast.FormattedValue)

    def _named(self, name: str) -> bool:
        self.reads.add(name)
        return bool(name)

    def _attribute(self, node: ast.Attribute, parent: ast.AST) -> bool:
        if isinstance(parent, ast.Call) and parent.func is node and node.attr in _GETS:
            return bool(parent.args) and self._named(literal_text(parent.args[0]))
        return node.attr not in _OPEN and self._named(node.attr)

    def _compared(self, parent: ast.Compare, node: ast.expr) -> bool:
        """``"scale" in penalty`` asks for a name, and ``penalty is None`` for none."""
        if parent.left is node or not isinstance(parent.ops[0], ast.In | ast.NotIn):
            return True
        return self._named(literal_text(parent.left))

    def _argument(self, call: ast.Call, node: ast.expr) -> bool:
        name = last_name(call.func)
        place = next((number for number, item in enumerate(call.args) if item is node), -1)
        if name in _TESTS:
            return True
        if name in _NAMED and isinstance(call.func, ast.Name):
            return place == 0 and len(call.args) > 1 and self._named(literal_text(call.args[1]))
        functions = self._functions(call)
        parameters = [_parameters(item) for item in functions]
        fits = place >= 0 and all(place < len(names) for names in parameters)
        return bool(functions) and fits and all(self.add(names[place].lstrip("_")) for names in parameters)

    def _keyword(self, call: ast.Call, name: str) -> bool:
        if wraps(call):
            return self.add(name.lstrip("_"))
        functions = self._functions(call)
        known = all(name in (*_parameters(item), *(other.arg for other in item.args.kwonlyargs)) for item in functions)
        return bool(functions) and known and self.add(name.lstrip("_"))

    def _functions(self, call: ast.Call) -> list[Function]:
        """Returns the functions of the checkout that a call may start; none if one of them is not seen."""
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name not in self.functions:
            self.functions[name] = self._defined(name)
        return self.functions[name]

    def _defined(self, name: str) -> list[Function]:
        found: list[Function] = []
        for file in self.defining(name):
            parents = self._parents(file)
            if parents is None:
                return []
            for node in tuple(parents):
                if isinstance(node, Function) and node.name == name:
                    found.append(node)
                elif isinstance(node, ast.ClassDef) and node.name == name:
                    made = [item for item in node.body if isinstance(item, Function) and item.name == "__init__"]
                    if not made:
                        return []
                    found += made
        return found


def _holds(node: ast.expr, name: str) -> bool:
    """Returns whether an expression is the object of a name: ``x.penalty``, ``x["penalty"]``, ``x.get("penalty")``."""
    if isinstance(node, ast.Call):
        called = last_name(node.func)
        if called in _GETS and isinstance(node.func, ast.Attribute):
            return bool(node.args) and literal_text(node.args[0]).lstrip("_") == name
        return called == "getattr" and len(node.args) > 1 and literal_text(node.args[1]).lstrip("_") == name
    return last_name(node).lstrip("_") == name


def _parameters(function: Function) -> list[str]:
    names = [item.arg for item in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names
