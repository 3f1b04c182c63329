"""Values of literal expressions, and names of a module that hold one value. Nothing is executed."""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Mapping

from dreamerguard.core.values import as_number

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
#: Deeper arithmetic is not computed.
_MAX_DEPTH = 20
_MAX_NUMBER = 1e18


def plain_number(node: ast.expr, depth: int = 0) -> int | float | None:
    """Returns the value of a number or of arithmetic with numbers; None for other expressions: ``int(1e6)``, ``4*16``.

    Args:
      node: the expression.
      depth: how many expressions it is inside.
    """
    if depth > _MAX_DEPTH:
        return None
    if isinstance(node, ast.Constant):
        value = node.value
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = plain_number(node.operand, depth + 1)
        return -inner if inner is not None and isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("int", "float"):
        inner = plain_number(node.args[0], depth + 1) if len(node.args) == 1 and not node.keywords else None
        if inner is None or not math.isfinite(as_number(inner)):
            return None
        return int(inner) if node.func.id == "int" else float(inner)
    return _arithmetic(node, depth) if isinstance(node, ast.BinOp) else None


def _arithmetic(node: ast.BinOp, depth: int) -> int | float | None:
    left, right = plain_number(node.left, depth + 1), plain_number(node.right, depth + 1)
    known = _OPERATORS.get(type(node.op))
    if left is None or right is None or known is None or max(abs(left), abs(right)) > _MAX_NUMBER:
        return None
    try:
        return known(left, right)
    except (ZeroDivisionError, OverflowError):
        return None


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Returns the names that a module gives one literal value at its top, and that nothing in the file changes."""
    bound = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    shadowed = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and bound[target.id] == 1 and target.id not in shadowed:
                found[target.id] = statement.value
    return found
