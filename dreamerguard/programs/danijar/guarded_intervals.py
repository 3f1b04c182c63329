"""Intervals of zero and below that the checkout's own run script handles itself: ``if args.save_every > 0 and ...``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from dreamerguard.core.setting import Setting
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.names import last_name
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check

from .unread_settings import script_text

_END = "_every"
#: Comparisons with 0 after which values below it go another way; those of the second kind ask for 0 only.
_BELOW, _EQUAL = (ast.Gt, ast.LtE, ast.Lt, ast.GtE), (ast.Eq, ast.NotEq)


def guarded_intervals(settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None) -> frozenset[str]:
    """Returns the intervals of zero or below for which the selected script has a branch.

    Args:
      settings: of the run.
      key: the key that selects the script.
      checkout: its own copy of the script decides; without one, none is guarded.
    """
    low = {key: item for key, item in settings.items() if key.startswith("run.") and key.endswith(_END)}
    low = {key: item for key, item in low.items() if item.number <= 0}
    script = settings.get(key) if low else None
    text = script_text(checkout, str(script.value)) if script is not None else None
    if text is None:
        return frozenset()
    below, equal = _guards(text)
    names = {key: key.removeprefix("run.") for key in low}
    return frozenset(key for key, name in names.items() if name in below or (low[key].number == 0 and name in equal))


@cached_per_check
def _guards(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the intervals that a script compares with zero: by their order, and only for being zero."""
    tree = parse(text)
    nodes = list(ast.walk(tree)) if tree is not None else []
    compared = [node for node in nodes if isinstance(node, ast.Compare) and len(node.ops) == 1 and _has_zero(node)]
    below = {name for node in compared if isinstance(node.ops[0], _BELOW) for name in _names(node)}
    equal = {name for node in compared if isinstance(node.ops[0], _EQUAL) for name in _names(node)}
    tests = [node.test for node in nodes if isinstance(node, ast.If | ast.IfExp)]
    tests += [item for node in nodes if isinstance(node, ast.BoolOp) for item in node.values]
    equal |= {name for test in tests for name in _truth(test)}
    return frozenset(below), frozenset(equal)


def _has_zero(node: ast.Compare) -> bool:
    sides = (node.left, node.comparators[0])
    return any(isinstance(side, ast.Constant) and side.value == 0 and side.value is not False for side in sides)


def _names(node: ast.Compare) -> Iterator[str]:
    return (name for side in (node.left, node.comparators[0]) if (name := last_name(side)).endswith(_END))


def _truth(test: ast.expr) -> Iterator[str]:
    """Yields the interval in ``if args.save_every`` and ``not args.save_every``."""
    bare = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
    if isinstance(bare, ast.Attribute) and last_name(bare).endswith(_END):
        yield last_name(bare)
