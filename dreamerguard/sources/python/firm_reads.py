"""Settings that a script reads whatever it does, so that a missing one stops it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .python_files import parse

#: Parts of a statement that run only sometimes. A loop of training runs.
_SOMETIMES = {
    ast.If: ("body", "orelse"),
    ast.IfExp: ("body", "orelse"),
    ast.Try: ("body", "handlers", "orelse"),
    ast.BoolOp: ("values",),
    ast.FunctionDef: ("body",),
    ast.Lambda: ("body",),
    ast.ClassDef: ("body",),
}


def read_firmly(data: bytes) -> dict[str, int]:
    """Returns the settings that ``main(config)`` of a script reads as attributes on every path, with their lines.

    A setting that the file gives a value, or asks for with ``getattr`` or ``hasattr``, is left out.

    Args:
      data: content of the script.
    """
    tree = parse(data)
    main = next((node for node in tree.body if _is_main(node)), None) if tree is not None else None
    if tree is None or not isinstance(main, ast.FunctionDef):
        return {}
    config = main.args.args[0].arg
    known = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not _loads(node)}
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    known |= {text.lstrip("-").replace("-", "_") for text in texts}
    found: dict[str, int] = {}
    for node in _always(main):
        owned = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == config
        if owned and isinstance(node, ast.Attribute) and node.attr not in known and not node.attr.startswith("_"):
            found.setdefault(node.attr, node.lineno)
    return found


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "main" and len(node.args.args) == 1


def _loads(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load)


def _always(main: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yields the nodes that run in every call: nothing behind a statement that may end the function."""
    for statement in main.body:
        stack: list[ast.AST] = [statement]
        while stack:
            node = stack.pop()
            yield node
            sometimes = _SOMETIMES.get(type(node), ())
            for name, value in ast.iter_fields(node):
                children = value if isinstance(value, list) else [value]
                if isinstance(node, ast.BoolOp) and name == "values":
                    children = children[:1]  # the first one always is
                elif name in sometimes:
                    continue
                stack += [child for child in children if isinstance(child, ast.AST)]
        if any(isinstance(node, ast.Return) for node in ast.walk(statement)):
            return
