"""Keys with the last name of a key in another group, where the code reads only that one.

Only plain code counts: ``config.head.rate``, and ``part.rate`` after ``part = config.head`` in the same file. Wherever
the name occurs in another way, or code unpacks the group or a whole configuration, the key may be read.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from dreamerguard.sources.python.index import PythonIndex
from dreamerguard.sources.python.names import is_run_config
from dreamerguard.sources.python.python_files import parse

#: Most files with the name that are read.
_MOST_FILES = 20


def read_in_other_group(key: str, keys: Iterable[str], index: PythonIndex) -> str:
    """Returns the key of another group that the code reads instead of a key; empty if the key itself may be read.

    Args:
      key: the key, such as ``model.rate``.
      keys: all keys of the configuration.
      index: the Python of the checkout.
    """
    group, _, leaf = key.rpartition(".")
    own = group.rpartition(".")[2]
    others = {other.split(".")[-2]: other for other in keys if other != key and other.endswith(f".{leaf}")}
    if not own or not others or own in others or any(name == own or is_run_config(name) for name in index.unpacked):
        return ""
    word = re.compile(rb"\b" + re.escape(leaf.encode()) + rb"\b")
    files = [item.data for item in index.files.values() if item.data is None or word.search(item.data)]
    if not files or len(files) > _MOST_FILES or index.skipped:
        return ""
    read: set[str] = set()
    for data in files:
        found = _groups(data, leaf) if data is not None else None
        if found is None:
            return ""
        read |= found
    named = read & others.keys()
    return others[min(named)] if named == read and read else ""


def _groups(data: bytes, leaf: str) -> set[str] | None:
    """Returns the groups that a file reads a name from; None if it may be read from anything else."""
    tree = parse(data)
    if tree is None:
        return None
    bound, found = _bound(tree), set()
    attributes = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    kept = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _stores(node)}
    for node in ast.walk(tree):
        if id(node) not in attributes:
            if leaf in _words(node):
                return None
        elif isinstance(node, ast.Attribute) and node.attr == leaf and isinstance(node.ctx, ast.Load):
            group = _group(node.value, bound)
            if group == "self" and leaf in kept:
                continue
            if not group or group == "self":
                return None
            found.add(group)
    return found


def _words(node: ast.AST) -> Iterator[str]:
    """Yields the names and the text of a node that is no attribute."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from re.findall(r"\w+", node.value)
    for field in ("id", "arg", "name"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def _stores(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _group(node: ast.expr, bound: dict[str, set[str]]) -> str:
    """Returns the last name of what an attribute is read from; empty if it is not known."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if not isinstance(node, ast.Name):
        return ""
    if node.id == "self":
        return "self"
    groups = bound.get(node.id, {""})
    return next(iter(groups)) if len(groups) == 1 else ""


def _bound(tree: ast.Module) -> dict[str, set[str]]:
    """Returns variable -> last names of the attributes that a file assigns to it; an empty name for anything else."""
    found: dict[str, set[str]] = defaultdict(set)
    plain: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id].add(node.value.attr)
                    plain.add(id(target))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in plain:
            found[node.id].add("")
        elif isinstance(node, ast.arg):
            found[node.arg].add("")
    return found
