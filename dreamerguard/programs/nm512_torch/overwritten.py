"""Settings that the script of a fork overwrites before anything reads them: ``config.demodir = logdir / "demos"``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dreamerguard.core.key import Key
from dreamerguard.core.setting import Role
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.python_files import parse

_WHY = "overwrites it before anything reads it"


def with_overwritten(keys: Mapping[str, Key], checkout: PythonCheckout | None) -> Mapping[str, Key]:
    """Returns the keys, with those as dead that ``main`` sets to another value before it reads or hands them on.

    Args:
      keys: of the run.
      checkout: the checkout; nothing is known without its script.
    """
    texts = checkout.script_texts if checkout is not None else ()
    tree = parse(texts[0]) if len(texts) == 1 else None
    if checkout is None or tree is None:
        return keys
    script = checkout.starts[0]
    why = {name: f"{script}:{line} {_WHY}" for name, line in _overwritten(tree)}
    return {path: replace(key, dead=why[path]) if path in why else key for path, key in keys.items()}


def without_overwritten(roles: Mapping[Role, str], keys: Mapping[str, Key]) -> Mapping[Role, str]:
    """Returns the roles without the settings that the script overwrites: the run has other values."""
    return {role: key for role, key in roles.items() if not (key in keys and keys[key].dead.endswith(_WHY))}


def _overwritten(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yields the settings that ``main`` sets first, each with its line, up to where the configuration is handed on."""
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    if len(mains) != 1 or len(mains[0].args.args) != 1:
        return
    config, read = mains[0].args.args[0].arg, set[str]()
    for statement in mains[0].body:
        if _hands_on(statement, config):
            return
        read |= set(_read(statement, config))
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Attribute) and _is_name(target.value, config) and target.attr not in read:
                    yield target.attr, statement.lineno
        read |= {
            node.attr
            for node in ast.walk(statement)
            if isinstance(node, ast.Attribute) and _is_name(node.value, config)
        }


def _read(statement: ast.stmt, config: str) -> Iterator[str]:
    """Yields the settings that a statement reads; ``config.steps //= 2`` reads too."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_name(node.value, config):
            yield node.attr
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            yield node.target.attr


def _hands_on(statement: ast.stmt, config: str) -> bool:
    """Returns whether a statement uses the configuration as a whole, also in a function that it defines."""
    owners = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    return any(_is_name(node, config) and id(node) not in owners for node in ast.walk(statement))


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
