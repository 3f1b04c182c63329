"""Settings that the script of a fork fixes after the command line: ``config = config.update({'use_wandb': True})``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dreamerguard.core.key import Key
from dreamerguard.core.setting import Role
from dreamerguard.core.source import Value
from dreamerguard.core.values import spell_scalar
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.names import literal_text
from dreamerguard.sources.python.python_files import parse

_WHY = "after the command line"


def with_fixed(keys: Mapping[str, Key], checkout: PythonCheckout) -> Mapping[str, Key]:
    """Returns the keys, with those as dead that ``main`` sets to a literal value after it has read the command line."""
    texts = checkout.script_texts
    tree = parse(texts[0]) if len(texts) == 1 and b".update(" in texts[0] else None
    if tree is None:
        return keys
    script = checkout.starts[0]
    why = {name: f"{script}:{line} sets it to {spell_scalar(value)} {_WHY}" for name, value, line in _fixed(tree)}
    return {path: replace(key, dead=why[path]) if path in why else key for path, key in keys.items()}


def without_fixed(roles: Mapping[Role, str], keys: Mapping[str, Key]) -> Mapping[Role, str]:
    """Returns the roles without the settings that the script fixes: the run has other values."""
    return {role: key for role, key in roles.items() if not (key in keys and keys[key].dead.endswith(_WHY))}


def _fixed(tree: ast.Module) -> Iterator[tuple[str, Value, int]]:
    """Yields the settings that ``main`` always fixes, each with its value and line, once the words are parsed."""
    for main in (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"):
        parsed = ""
        for statement in main.body:
            if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
                continue
            target, call = statement.targets[0], statement.value
            if not isinstance(target, ast.Name) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr == "parse":
                parsed = target.id
            elif call.func.attr == "update" and ast.unparse(call.func.value) == target.id == parsed:
                yield from ((name, value, statement.lineno) for name, value in _literal(call))


def _literal(call: ast.Call) -> Iterator[tuple[str, Value]]:
    """Yields the names and values of ``update({...})`` and ``update(name=value)`` that are literal and no group."""
    pairs = [(word.arg, word.value) for word in call.keywords if word.arg is not None]
    for item in call.args:
        if isinstance(item, ast.Dict):
            pairs += [(literal_text(key), value) for key, value in zip(item.keys, item.values, strict=True) if key]
    for name, node in pairs:
        if name and isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str | None):
            yield name, node.value
