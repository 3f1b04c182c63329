"""Settings that the checkout's own run script can do without: it asks first whether they exist."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache

from dreamerguard.core.setting import Setting
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.names import last_name, literal_text
from dreamerguard.sources.python.python_files import parse

from .unread_settings import script_text

#: Settings that upstream's run scripts read although its defaults do not declare them.
_UNDECLARED = ("from_checkpoint_regex",)
_MISSING = frozenset({"AttributeError", "KeyError", "Exception"})


def optional_reads(settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None) -> frozenset[str]:
    """Returns the undeclared keys of the group ``run`` without which the selected script goes on.

    Args:
      settings: of the run.
      key: the key that selects the script.
      checkout: its own copy of the script decides; without one, none is optional.
    """
    script = settings.get(key)
    text = script_text(checkout, str(script.value)) if script is not None else None
    return _optional(text) if text is not None else frozenset()


@lru_cache(maxsize=8)  # most presets select the same script
def _optional(text: str) -> frozenset[str]:
    tree = parse(text)
    if tree is None:
        return frozenset()
    return frozenset(f"run.{leaf}" for leaf in _UNDECLARED if not _needs(tree, leaf))


def _needs(node: ast.AST, leaf: str) -> bool:
    """Returns whether code reads a setting where nothing has shown that it exists."""
    if isinstance(node, ast.Attribute) and node.attr == leaf:
        return isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Subscript) and literal_text(node.slice) == leaf:
        return isinstance(node.ctx, ast.Load)
    skipped: list[ast.AST] = []
    if isinstance(node, ast.If | ast.IfExp) and _asks(node.test, leaf):
        skipped = [*node.body] if isinstance(node, ast.If) else [node.body]
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        first = next((at for at, item in enumerate(node.values) if _asks(item, leaf)), len(node.values))
        skipped = [*node.values[first + 1 :]]
    elif isinstance(node, ast.Try) and any(_catches(handler) for handler in node.handlers):
        skipped = [*node.body]
    left = set(map(id, skipped))
    return any(_needs(item, leaf) for item in ast.iter_child_nodes(node) if id(item) not in left)


def _asks(test: ast.expr, leaf: str) -> bool:
    """Returns whether a condition holds only if a setting exists: ``hasattr(args, "x")``, ``"x" in args``."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_asks(item, leaf) for item in test.values)
    if isinstance(test, ast.Compare):
        return literal_text(test.left) == leaf and isinstance(test.ops[0], ast.In)
    if not isinstance(test, ast.Call) or last_name(test.func) not in ("hasattr", "getattr", "get"):
        return False
    return any(literal_text(item) == leaf for item in test.args)


def _catches(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(item is None or last_name(item) in _MISSING for item in caught)
