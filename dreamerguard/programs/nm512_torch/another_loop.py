"""Runs for which the script of a fork starts another function than ``main``, so that nothing of ``main`` is known."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from dreamerguard.core.setting import Role, Setting
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.names import code_of, last_name
from dreamerguard.sources.python.python_files import parse

#: Roles that say nothing about the training loop.
_ANYWHERE: frozenset[Role] = frozenset({"task", "image_size", "deter", "platform"})


def without_loop(
    roles: Mapping[Role, str], settings: Mapping[str, Setting], checkout: PythonCheckout | None
) -> Mapping[Role, str]:
    """Returns the roles; only those that need no loop if a setting selects another function.

    ``if config.real_robot: run_robot(config)``, ``else: main(config)``

    Args:
      roles: of the run.
      settings: of the run.
      checkout: the checkout; nothing is known without its script.
    """
    texts = checkout.script_texts if checkout is not None else ()
    tree = parse(texts[0]) if len(texts) == 1 and b"main(config)" in texts[0] else None
    choices = (item for node in (tree.body if tree is not None else ()) if _is_start(node) for item in _choices(node))
    for key, negated, other in choices:
        setting = settings.get(key)
        if setting is not None and bool(setting.value) != negated and other != "main":
            return {role: name for role, name in roles.items() if role in _ANYWHERE}
    return roles


def _is_start(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__main__" in code_of(node.test)


def _choices(start: ast.stmt) -> Iterator[tuple[str, bool, str]]:
    """Yields the settings that decide between ``main`` and another function: key, whether negated, the function."""
    for node in ast.walk(start):
        if not isinstance(node, ast.If) or not node.orelse:
            continue
        negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
        test = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
        first, second = _called(node.body), _called(node.orelse)
        if not isinstance(test, ast.Attribute) or "main" not in (first, second) or not first or not second:
            continue
        yield test.attr, negated, first
        yield test.attr, not negated, second


def _called(body: list[ast.stmt]) -> str:
    """Returns the function that a branch calls with the configuration; empty if it does something else."""
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr | ast.Return) else None
    return last_name(call.func) if isinstance(call, ast.Call) and len(call.args) == 1 else ""
