"""Settings that a script reads whatever it does, so that a missing one stops it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from dreamerguard.util.check_cache import cached_per_check

from .names import code_of
from .python_files import parse

#: Parts of a statement that run only sometimes. A loop of training runs, and a function that makes environments too.
_SOMETIMES = {
    ast.If: ("body", "orelse"),
    ast.IfExp: ("body", "orelse"),
    ast.Try: ("body", "handlers", "orelse"),
    ast.BoolOp: ("values",),
    ast.FunctionDef: ("body",),
    ast.ClassDef: ("body",),
}
#: Functions and classes that are followed from ``main``.
_MOST_CALLS = 20

_Function = ast.FunctionDef


@cached_per_check
def read_firmly(data: bytes) -> dict[str, int]:
    """Returns the settings that ``main`` of a script reads as attributes on every path, with their lines.

    The configuration is the argument of ``main(config)``, or the variable that ``main`` makes of the block ``defaults``
    and of the flags. Calls of the file's own functions and classes that get the configuration are followed. A setting
    that the file gives a value, or asks for with ``getattr`` or ``hasattr``, is left out, and so are methods.

    Args:
      data: content of the script.
    """
    tree = parse(data)
    main = next((node for node in tree.body if _is_main(node)), None) if tree is not None else None
    if tree is None or not isinstance(main, ast.FunctionDef):
        return {}
    known = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not _loads(node)}
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    known |= {text.lstrip("-").replace("-", "_") for text in texts}
    known |= {word.arg for node in ast.walk(tree) if _is_update(node) for word in node.keywords if word.arg}
    config = _config_name(main)
    if config is None:
        return {}
    found: dict[str, int] = {}
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    queue, seen = [(main, config)], {main.name}
    while queue and len(seen) <= _MOST_CALLS:
        function, config = queue.pop(0)
        nodes = list(_always(function))
        methods = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if id(node) in methods:
                continue
            if isinstance(node, ast.Attribute) and _is_config(node.value, config) and node.attr not in known:
                found.setdefault(node.attr, node.lineno)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in seen:
                called = _called(defined.get(node.func.id), node, config)
                if called is not None:
                    seen.add(node.func.id)
                    queue.append(called)
    return {name: line for name, line in found.items() if not name.startswith("_")}


def read_by_constructor(data: bytes, name: str) -> dict[str, int]:
    """Returns the settings that a class reads as attributes of its argument ``config`` whenever it is created.

    Args:
      data: content of the file.
      name: name of the class.
    """
    tree = parse(data)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)] if tree is not None else []
    body = [node for item in classes if item.name == name for node in item.body]
    made = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == "__init__"), None)
    if made is None or "config" not in [argument.arg for argument in made.args.args]:
        return {}
    later = {id(inner) for node in ast.walk(made) if isinstance(node, ast.Lambda) for inner in ast.walk(node.body)}
    nodes = [node for node in _always(made) if id(node) not in later]
    kept = {"config"} | {
        code_of(target)
        for node in nodes
        if isinstance(node, ast.Assign) and _is_config(node.value, "config")
        for target in node.targets
    }
    kept.discard("")
    methods = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    stored = {node.attr for node in ast.walk(made) if isinstance(node, ast.Attribute) and not _loads(node)}
    if any(isinstance(node, ast.Name) and node.id == "config" and _stores(node) for node in ast.walk(made)):
        return {}
    reads = (node for node in nodes if isinstance(node, ast.Attribute) and id(node) not in methods)
    found = [node for node in reads if code_of(node.value) in kept and node.attr not in stored]
    lines: dict[str, int] = {}
    for node in sorted(found, key=lambda node: node.lineno):
        if not node.attr.startswith("_"):
            lines.setdefault(node.attr, node.lineno)
    return lines


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "main" and len(node.args.args) <= 1


def _config_name(main: _Function) -> str | None:
    """Returns the name of the configuration in ``main``; None if it has none, or one of unknown contents."""
    assigned = [node for node in ast.walk(main) if isinstance(node, ast.Assign) and len(node.targets) == 1]
    made = {node.targets[0].id for node in assigned if _is_parsed(node.value) and isinstance(node.targets[0], ast.Name)}
    if not made:
        return main.args.args[0].arg if main.args.args else None
    name = min(made)
    stored = [node for node in ast.walk(main) if isinstance(node, ast.Name) and node.id == name and _stores(node)]
    plain = [node for node in assigned if _is_config(node.targets[0], name) and _keeps_keys(node.value, name)]
    return name if len(made) == 1 and len(stored) == len(plain) else None


def _stores(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _keeps_keys(value: ast.expr, name: str) -> bool:
    """Returns whether a configuration has the keys of the block ``defaults``: made of it, parsed, or updated."""
    if _is_parsed(value):
        return True
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    if value.func.attr == "update":
        return _is_config(value.func.value, name)
    source = value.args[0] if value.func.attr == "Config" and len(value.args) == 1 and not value.keywords else None
    block = source.slice if isinstance(source, ast.Subscript) else None
    return isinstance(block, ast.Constant) and block.value == "defaults"


def _is_parsed(value: ast.expr) -> bool:
    """Returns whether a value is ``Flags(config).parse(arguments)``, of any module."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute) or value.func.attr != "parse":
        return False
    flags = value.func.value.func if isinstance(value.func.value, ast.Call) else None
    return isinstance(flags, ast.Attribute) and flags.attr == "Flags"


def _is_update(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update"


def _loads(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load)


def _is_config(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _called(target: ast.stmt | None, call: ast.Call, config: str) -> tuple[_Function, str] | None:
    """Returns the function that a call runs and its name for the configuration; None if it does not get it."""
    place = next((index for index, item in enumerate(call.args) if _is_config(item, config)), None)
    if isinstance(target, ast.ClassDef):
        target = next((n for n in target.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        place = place + 1 if place is not None else None
    if not isinstance(target, ast.FunctionDef) or place is None or place >= len(target.args.args):
        return None
    return target, target.args.args[place].arg


def _always(function: _Function) -> Iterator[ast.AST]:
    """Yields the nodes that run in every call: nothing behind a statement that may end the function."""
    for statement in function.body:
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
        if _may_end(statement):
            return


def _may_end(statement: ast.stmt) -> bool:
    """Returns whether a statement may return from the function that it stands in."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack += ast.iter_child_nodes(node)
    return False
