"""Paths that Python code makes from the place of its own file: ``os.path.join(HERE, "dreamerv3", "main.py")``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath

from dreamerguard.sources.python.names import last_name, literal_text

_DEPTH = 8
#: Calls and methods that return the same path, in another form.
_SAME = frozenset({"abspath", "realpath", "normpath", "str", "fspath", "resolve", "absolute", "as_posix"})
#: Calls that join their arguments.
_JOINS = frozenset({"Path", "PurePath", "joinpath"})


def single_values(tree: ast.Module) -> Mapping[str, ast.expr]:
    """Returns the names of a file that are assigned once, with what they are assigned."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            for target in targets:
                if isinstance(target, ast.Name):
                    found[target.id] = None if target.id in found else value
    return {name: value for name, value in found.items() if value is not None}


def own_path(node: ast.expr, values: Mapping[str, ast.expr], depth: int = 0) -> PurePosixPath | None:
    """Returns a path as seen from the folder of the file; None for what does not begin at the file.

    Args:
      node: the expression; ``__file__`` is returned as a path of this name.
      values: what the names of the file are.
      depth: how many names and calls lead to the expression.
    """
    if depth > _DEPTH:
        return None
    if isinstance(node, ast.Name):
        if node.id == "__file__":
            return PurePosixPath("__file__")
        return own_path(values[node.id], values, depth + 1) if node.id in values else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _below(own_path(node.left, values, depth + 1), [node.right])
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return _above(own_path(node.value, values, depth + 1), 1)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
        count = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return _above(own_path(node.value.value, values, depth + 1), count + 1) if isinstance(count, int) else None
    return _of_call(node, values, depth) if isinstance(node, ast.Call) else None


def _of_call(node: ast.Call, values: Mapping[str, ast.expr], depth: int) -> PurePosixPath | None:
    name, items = last_name(node.func), node.args
    if name == "dirname" and len(items) == 1:
        return _above(own_path(items[0], values, depth + 1), 1)
    if name in _JOINS or (name == "join" and _of_paths(node.func)):
        method = name == "joinpath" and isinstance(node.func, ast.Attribute)
        first = node.func.value if method and isinstance(node.func, ast.Attribute) else items[0] if items else None
        start = own_path(first, values, depth + 1) if first is not None else None
        return _below(start, items if method else items[1:])
    if name in _SAME and len(items) <= 1:
        inner = items[0] if items else node.func.value if isinstance(node.func, ast.Attribute) else None
        return own_path(inner, values, depth + 1) if inner is not None else None
    return None


def _of_paths(func: ast.expr) -> bool:
    """Returns whether ``join`` is that of paths, and not that of a text."""
    return isinstance(func, ast.Name) or (isinstance(func, ast.Attribute) and last_name(func.value) == "path")


def _below(start: PurePosixPath | None, parts: list[ast.expr]) -> PurePosixPath | None:
    """Returns a path with more parts; ``..`` in a part leads to the folder above."""
    for part in parts:
        names = PurePosixPath(literal_text(part)).parts
        for name in names:
            start = _above(start, 1) if name == ".." else start / name if start is not None else None
        start = start if names else None
    return start


def _above(path: PurePosixPath | None, count: int) -> PurePosixPath | None:
    """Returns the folder some levels above a path; ``..`` above the folder of the file."""
    if path is None or count > _DEPTH:
        return None
    for _ in range(count):
        path = path.parent if path.parts and path.parts[-1] != ".." else path / ".."
    return path
