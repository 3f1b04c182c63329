"""The functions of a file as scopes: their names, parameters and assignments, and those of the class around them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from .subjects import Names, bind, parameters_of
from .tree_walk import walk_own

_Function = ast.FunctionDef | ast.AsyncFunctionDef
#: Statements, their nodes and their scope.
_Found = tuple[list[ast.stmt], list[ast.AST], Names]
#: Scopes of one file that are read.
_MOST = 2000


def scopes_of(tree: ast.Module) -> Iterator[tuple[Names, list[ast.stmt]]]:
    """Yields the scope of a file and of each function in it, with the statements that belong to it."""
    nodes = walk_own(tree.body)
    file = bind(Names(), nodes)
    yield file, tree.body
    queue = [(nodes, file)]
    for count, (inside, outer) in enumerate(queue):
        if count > _MOST:
            return
        for node in inside:
            if isinstance(node, _Function):
                found = [_function(node, outer)]
            elif isinstance(node, ast.ClassDef):
                found = _methods(node, outer)
            else:
                continue
            for body, own, scope in found:
                yield scope, body
                queue.append((own, scope))


def _function(node: _Function, outer: Names) -> _Found:
    scope = Names(node.name, node.name.strip("_"), parameters_of(node), outer=outer, attributes=outer.attributes)
    nodes = walk_own(node.body)
    return node.body, nodes, bind(scope, nodes)


def _methods(node: ast.ClassDef, outer: Names) -> list[_Found]:
    """Returns the methods of a class with their scopes, which share the attributes of self."""
    attributes: dict[str, tuple[ast.expr, Names] | None] = {}
    found: list[_Found] = []
    for item in node.body:
        if isinstance(item, _Function):
            owner = (node if item.name == "__init__" else item).name.strip("_")
            scope = Names(item.name, owner, parameters_of(item), outer=outer, attributes=attributes)
            nodes = walk_own(item.body)
            found.append((item.body, nodes, bind(scope, nodes)))
            for name, value in _attributes(nodes):
                attributes[name] = None if name in attributes or value is None else (value, scope)
    return found


def _attributes(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.expr | None]]:
    """Yields what a method assigns to attributes of self; no value where it is not the value of one expression."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if _is_own(target):
                    yield target.attr, node.value
                elif isinstance(target, ast.Tuple | ast.List):
                    yield from ((item.attr, None) for item in target.elts if _is_own(item))
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and _is_own(node.target):
            yield node.target.attr, node.value if isinstance(node, ast.AnnAssign) else None


def _is_own(node: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
