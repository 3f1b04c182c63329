"""Tests of values: which literals a condition takes, and whether a block always stops the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .choice_facts import Literal, Subject
from .names import last_name, literal_text
from .subjects import Names

Test = tuple[Subject, tuple[Literal, ...]]


def taken_by(test: ast.expr, scope: Names) -> Test | None:
    """Returns the value that a condition compares and the literals that it takes; None for other conditions."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, scope, ast.Eq, ast.In, ast.Is)
    if isinstance(test, ast.Call):
        return _begins(test, scope)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return _same([taken_by(item, scope) for item in test.values])
    if isinstance(test, ast.BoolOp):
        return next((found for item in test.values if (found := taken_by(item, scope)) is not None), None)
    return None


def refused_unless(test: ast.expr, scope: Names) -> Test | None:
    """Returns the value and the literals for which a condition is false: ``config.x not in ("a", "b")``."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, scope, ast.NotEq, ast.NotIn, ast.IsNot)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return _same([refused_unless(item, scope) for item in test.values])
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return taken_by(test.operand, scope)
    return None


def _same(found: list[Test | None]) -> Test | None:
    first = found[0]
    if first is None or any(item is None or item[0] != first[0] for item in found):
        return None
    return first[0], tuple(value for item in found if item is not None for value in item[1])


def _compared(
    test: ast.Compare, scope: Names, equal: type[ast.cmpop], among: type[ast.cmpop], same: type[ast.cmpop]
) -> Test | None:
    left, right, operator = test.left, test.comparators[0], test.ops[0]
    if isinstance(operator, equal | same):
        if isinstance(left, ast.Constant):
            left, right = right, left
        values = scope.constants(ast.Tuple(elts=[right]))
    elif isinstance(operator, among):
        values = scope.constants(right)
        if values is None and literal_text(left):
            left, values = right, (f"*{literal_text(left)}*",)
    else:
        return None
    subject = scope.subject(left) if values is not None else None
    return (subject, values) if subject is not None and values is not None else None


def _begins(test: ast.Call, scope: Names) -> Test | None:
    """Returns the beginnings that ``config.task.startswith("dmc")`` takes."""
    if not isinstance(test.func, ast.Attribute) or test.func.attr != "startswith" or len(test.args) != 1:
        return None
    given = scope.value_of(test.args[0])
    values = scope.constants(given if isinstance(given, ast.Tuple) else ast.Tuple(elts=[test.args[0]]))
    subject = scope.subject(test.func.value) if values is not None else None
    if subject is None or values is None:
        return None
    return subject, tuple(f"{value}*" for value in values)


def mentions(test: ast.expr, scope: Names) -> Iterator[Subject]:
    """Yields the values that a condition looks at in any way."""
    for node in ast.walk(test):
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            found = scope.subject(node)
            if found is not None:
                yield found


def stops(body: list[ast.stmt]) -> bool:
    """Returns whether a block ends with an error."""
    last = body[-1] if body else None
    if isinstance(last, ast.Assert):
        return isinstance(last.test, ast.Constant) and not last.test.value
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return last_name(last.value.func) in ("exit", "_exit")
    return isinstance(last, ast.Raise)


def leaves(body: list[ast.stmt]) -> bool:
    """Returns whether a block always leaves the function or the loop."""
    return stops(body) or bool(body and isinstance(body[-1], ast.Return | ast.Continue))
