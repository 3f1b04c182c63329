"""Walks syntax trees, in a fifth of the time of ``ast.walk``: only nodes that can say something of settings."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Fields that hold names, marks and numbers, and no expressions or statements.
_PLAIN = frozenset({
    "ctx", "op", "ops", "id", "attr", "name", "asname", "module", "level", "kind", "conversion", "simple", "is_async",
    "rest", "kwd_attrs", "type_comment", "type_ignores", "tag", "lineno", "n", "s",
})  # fmt: skip


def _fields(cls: type[ast.AST]) -> tuple[str, ...]:
    if cls in (ast.Constant, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.arg, ast.alias):
        return ()
    return tuple(name for name in cls._fields if name not in _PLAIN and (name != "arg" or cls is not ast.keyword))


_SCOPES = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda})


class _Fields(dict[type, tuple[str, ...]]):
    """Class of node -> fields that lead further; filled on first use."""

    def __missing__(self, cls: type) -> tuple[str, ...]:
        found = self[cls] = _fields(cls) if issubclass(cls, ast.AST) else ()
        return found


_FIELDS = _Fields()


def walk(tree: ast.AST) -> list[ast.AST]:
    """Returns the nodes of a tree, outer nodes first. It needs no recursion, so depth does not matter."""
    found = [tree]
    for node in found:
        for name in _FIELDS[node.__class__]:
            below = getattr(node, name, None)
            if below.__class__ is list:
                found += below
            elif below is not None:
                found.append(below)
    return found


def walk_own(body: list[ast.stmt]) -> list[ast.AST]:
    """Returns the nodes of some statements, without those inside functions and classes among them."""
    found: list[ast.AST] = list(body)
    for node in found:
        if node.__class__ in _SCOPES:
            continue
        for name in _FIELDS[node.__class__]:
            below = getattr(node, name, None)
            if below.__class__ is list:
                found += below
            elif below is not None:
                found.append(below)
    return found


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pauses the collection of reference cycles. Trees have none, and their many nodes would start it all the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
