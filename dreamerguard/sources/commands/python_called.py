"""Which script a call of ``main`` starts: the module that the function is imported from, or the file itself."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache

from dreamerguard.sources.python.tree_walk import walk


def called_script(func: ast.expr, tree: ast.Module, own: str) -> str:
    """Returns the path of the script whose function is called; empty if that is not known.

    Args:
      func: the called function.
      tree: the file of the call.
      own: its name.
    """
    names = _dotted(func)
    if not names:
        return ""
    target = imported(tree).get(names[0])
    if target is not None:
        module = [*target.split("."), *names[1:]][:-1]
        return f"{'/'.join(module)}.py" if module else ""
    defined = any(isinstance(node, ast.FunctionDef) and node.name == names[0] for node in tree.body)
    return own if defined and len(names) == 1 else ""


def _dotted(node: ast.expr) -> list[str]:
    """Returns the names of ``a.b.c``; none for other expressions."""
    if isinstance(node, ast.Name):
        return [node.id]
    above = _dotted(node.value) if isinstance(node, ast.Attribute) else []
    return [*above, node.attr] if above and isinstance(node, ast.Attribute) else []


@lru_cache(maxsize=2)  # each function of a file asks for them
def imported(tree: ast.Module) -> Mapping[str, str]:
    """Returns name -> what it stands for, dotted, for all imports of a file."""
    found: dict[str, str] = {}
    for node in walk(tree):
        if isinstance(node, ast.Import):
            found |= {(item.asname or item.name.partition(".")[0]): _meant(item) for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {(item.asname or item.name): f"{node.module}.{item.name}" for item in node.names}
    return found


def _meant(item: ast.alias) -> str:
    return item.name if item.asname else item.name.partition(".")[0]
