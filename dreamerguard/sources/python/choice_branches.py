"""The branches of a condition or of a match, and the modules that a branch imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .choice_facts import Literal
from .names import literal_text

_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+):[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Branch:
    """A condition and the statements that run if it holds."""

    test: ast.expr
    body: list[ast.stmt]


def branches_of(node: ast.If) -> tuple[list[Branch], list[ast.stmt]]:
    """Returns the branches ``if`` and ``elif``, and the statements of ``else``."""
    found = [Branch(node.test, node.body)]
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
        found.append(Branch(node.test, node.body))
    return found, node.orelse


def patterns_of(node: ast.Match) -> tuple[list[tuple[tuple[Literal, ...], list[ast.stmt]]], list[ast.stmt]] | None:
    """Returns the literals and statements of each case and the statements of the last one, which takes any value.

    Returns None for a match with other patterns.
    """
    *cases, last = node.cases
    if not (isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None):
        return None
    found = [(_literals(case.pattern), case.body) for case in cases]
    known = [(literals, body) for literals, body in found if literals is not None]
    return (known, last.body) if len(known) == len(found) else None


def _literals(pattern: ast.pattern) -> tuple[Literal, ...] | None:
    if isinstance(pattern, ast.MatchOr):
        parts = [_literals(item) for item in pattern.patterns]
        return None if None in parts else tuple(value for part in parts for value in part or ())
    if isinstance(pattern, ast.MatchSingleton):
        return (pattern.value,)
    if isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Constant):
        value = pattern.value.value
        return (value,) if isinstance(value, str | int | float) else None
    return None


def modules_in(body: Sequence[ast.stmt]) -> tuple[str, ...]:
    """Returns the modules that the statements of a branch import whenever it is taken."""
    return tuple(module for statement in body for module in _imported(statement))


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = "." * node.level + (node.module or "")
        yield from (f"{start}:{alias.name}" for alias in node.names)
    elif isinstance(node, ast.With):
        yield from modules_in(node.body)


def module_named(node: ast.expr) -> tuple[str, ...]:
    """Returns the module in a text such as ``embodied.envs.dmc:DMC``."""
    match = _MODULE.fullmatch(literal_text(node))
    return (match[1],) if match is not None else ()
