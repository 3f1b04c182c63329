"""Finds the object of settings that an expression carries on: ``config``, ``vars(config)``, ``config.copy()``."""

from __future__ import annotations

import ast

from .names import is_run_config, last_name, root_name, wraps

#: Functions whose result has all settings of their first argument.
COPIES = frozenset({
    "vars", "asdict", "to_container", "dict", "copy", "deepcopy", "list", "sorted", "tuple", "iter", "enumerate",
    "Config",
})  # fmt: skip
#: Methods and attributes of an object of settings that give all of them.
WHOLE = frozenset({"items", "values", "keys", "flat", "__dict__"})
_METHODS = WHOLE | {"copy", "update", "to_dict"}
_MAKERS = frozenset({"tyro", "OmegaConf", "fire", "draccus", "simple_parsing"})
_DEPTH = 5


def carried(node: ast.AST | None) -> str:
    """Returns the last name of the object; empty for an expression that carries none."""
    if isinstance(node, ast.Name):
        return node.id.lstrip("_")
    return "" if isinstance(node, ast.Constant) else trail(node)[0]


def trail(node: ast.AST | None) -> tuple[str, list[ast.AST | None]]:
    """Returns the last name of the object, and the parts of the expression that lead to it."""
    parts: list[ast.AST | None] = []
    for _ in range(_DEPTH):
        parts.append(node)
        if isinstance(node, ast.Call):
            parts.append(node.func)
            if is_run_config(last_name(node.func)) or root_name(node.func) in _MAKERS:
                return "config", parts
            node = _of_call(node)
        elif isinstance(node, ast.Attribute) and node.attr in WHOLE:
            node = node.value
        elif isinstance(node, ast.BoolOp):
            node = node.values[0]
        elif isinstance(node, ast.Starred):
            node = node.value
        else:
            break
    return last_name(node) if isinstance(node, ast.Name | ast.Attribute) else "", parts


def _of_call(node: ast.Call) -> ast.expr | None:
    name = last_name(node.func)
    if name in COPIES and node.args:
        return node.args[0]
    unpacked = next((item.value for item in node.keywords if item.arg is None), None)
    if unpacked is not None and wraps(node):
        return unpacked
    return node.func.value if isinstance(node.func, ast.Attribute) and name in _METHODS else None
