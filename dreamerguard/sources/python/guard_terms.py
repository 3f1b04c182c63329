"""Reads a condition of code as a term of settings, arguments and literals."""

from __future__ import annotations

import ast

from .choice_facts import Term
from .choice_tests import leaves
from .names import last_name
from .subjects import Names

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Mod: "%", ast.FloorDiv: "//", ast.Div: "/",
    ast.Mult: "*", ast.Add: "+", ast.Sub: "-", ast.And: "and", ast.Or: "or",
}  # fmt: skip
_DEPTH = 8
#: Conversions that leave a number a number.
_NUMBERS = frozenset({"int", "float", "bool"})


def term_of(node: ast.AST | None, scope: Names, depth: int = 0) -> Term | None:
    """Returns the term of an expression; None if a part of it is something else."""
    if depth > _DEPTH:
        return None
    if isinstance(node, ast.Constant):
        return Term("literal", literal=node.value) if isinstance(node.value, str | int | float | None) else None
    if isinstance(node, ast.BoolOp):
        return _joined(_OPERATORS[type(node.op)], node.values, scope, depth)
    if isinstance(node, ast.Compare):
        return _compared(node, scope, depth)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _joined(_OPERATORS[type(node.op)], [node.left, node.right], scope, depth)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _joined("not", [node.operand], scope, depth)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _joined("-", [ast.Constant(0), node.operand], scope, depth)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return _joined("group", node.elts, scope, depth)
    return _value(node, scope, depth)


def test_of(test: ast.expr, scope: Names) -> Term | None:
    """Returns the term of the test of a condition, where parameters count that are assigned further below."""
    scope.here = test.lineno
    term = term_of(test, scope)
    scope.here = 0
    return term


def terms_after(statement: ast.stmt, given: tuple[Term, ...], scope: Names) -> tuple[Term, ...] | None:
    """Returns the conditions behind a statement that may leave; None if they are not known.

    Args:
      statement: the statement.
      given: conditions in front of it.
      scope: its names.
    """
    if not isinstance(statement, ast.If) or statement.orelse or not leaves(statement.body):
        return None
    term = test_of(statement.test, scope)
    return (*given, negated(term)) if term is not None else None


def negated(term: Term) -> Term:
    """Returns the term that holds where another does not."""
    return Term("not", (term,))


def _joined(kind: str, nodes: list[ast.expr], scope: Names, depth: int) -> Term | None:
    parts = tuple(term_of(item, scope, depth + 1) for item in nodes)
    return Term(kind, tuple(part for part in parts if part is not None)) if None not in parts else None


def _compared(node: ast.Compare, scope: Names, depth: int) -> Term | None:
    sides = [node.left, *node.comparators]
    pairs = [
        _joined(_OPERATORS[type(op)], [left, right], scope, depth)
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
    ]
    found = tuple(pair for pair in pairs if pair is not None)
    if len(found) < len(pairs):
        return None
    return found[0] if len(found) == 1 else Term("and", found)


def _value(node: ast.AST | None, scope: Names, depth: int) -> Term | None:
    """Returns the term of a setting, an argument, or a name with one value."""
    subject = scope.subject(node)
    if subject is not None:
        if subject.rest:
            return None
        return Term("value", subject=subject) if subject.tail or subject.owner else None
    if isinstance(node, ast.Call) and last_name(node.func) in _NUMBERS and len(node.args) == 1:
        return term_of(node.args[0], scope, depth + 1)
    if isinstance(node, ast.Name):
        value = scope.value_of(node)
        return term_of(value, scope, depth + 1) if value is not None and value is not node else None
    return None
