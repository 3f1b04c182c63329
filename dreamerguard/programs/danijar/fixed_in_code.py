"""Settings that the script of a fork fixes after the command line: ``config = config.update({'use_wandb': True})``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dreamerguard.core.key import Key
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.source import Value
from dreamerguard.core.values import spell_scalar
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.names import last_name, literal_text
from dreamerguard.sources.python.python_files import parse

#: Keys that other rules judge by their value.
_JUDGED = frozenset({"task", "script", "run.script", "logdir"})
Fixed = dict[str, tuple[Value, int]]


def with_fixed(
    keys: Mapping[str, Key], settings: Mapping[str, Setting], roles: Mapping[Role, str], checkout: PythonCheckout
) -> Mapping[str, Key]:
    """Returns the keys, with those as dead that ``main`` sets to another literal value behind the command line.

    Keys with a role keep their state: the run is judged by them.
    """
    texts = checkout.script_texts
    tree = parse(texts[0]) if len(texts) == 1 and b".update(" in texts[0] else None
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"] if tree else []
    if len(mains) != 1:
        return keys
    fixed, script, judged = _fixed(mains[0]), checkout.starts[0], {*roles.values(), *_JUDGED}
    why = {
        name: f"{script}:{line} sets it to {spell_scalar(value)} after the command line"
        for name, (value, line) in fixed.items()
        if name not in judged and name in settings and settings[name].value != value
    }
    return {path: replace(key, dead=why[path]) if path in why else key for path, key in keys.items()}


def _fixed(main: ast.FunctionDef) -> Fixed:
    """Returns the settings that are fixed behind the parser and before anything else uses them, each with its line."""
    parsed, found, used = "", Fixed(), set[str]()
    for statement in main.body:
        target = _target(statement)
        call = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(call, ast.Call) and target and _parses(call):
            parsed, found, used = target, Fixed(), set()
        elif parsed and target == parsed and isinstance(call, ast.Call) and _updates(call, parsed):
            names = dict(_items(call))
            found = {name: item for name, item in found.items() if name not in names}
            for name, node in names.items():
                value = node.value if isinstance(node, ast.Constant) else ...
                if isinstance(value, bool | int | float | str | None) and name.partition(".")[0] not in used:
                    found[name] = (value, statement.lineno)
        elif parsed and (target == parsed or _hands_on(statement, parsed)):
            break
        used |= {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    return found


def _target(statement: ast.stmt) -> str:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _parses(call: ast.Call) -> bool:
    """Returns whether a call is ``Flags(config).parse(...)``."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "parse" else None
    return isinstance(owner, ast.Call) and last_name(owner.func) == "Flags"


def _updates(call: ast.Call, config: str) -> bool:
    func = call.func
    return isinstance(func, ast.Attribute) and func.attr == "update" and _is_name(func.value, config)


def _hands_on(statement: ast.stmt, config: str) -> bool:
    """Returns whether a statement uses the configuration as a whole, also in a function that it defines."""
    owners = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    return any(_is_name(node, config) and id(node) not in owners for node in ast.walk(statement))


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _items(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yields the names and values of ``update({...})`` and ``update(name=value)``."""
    for item in call.args:
        if isinstance(item, ast.Dict):
            for key, value in zip(item.keys, item.values, strict=True):
                if literal_text(key):
                    yield literal_text(key), value
    for word in call.keywords:
        if word.arg is not None:
            yield word.arg, word.value
