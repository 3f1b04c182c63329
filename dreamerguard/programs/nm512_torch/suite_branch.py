"""The branch of ``make_env`` that makes the environments of a suite, and the settings that it leaves out."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from dreamerguard.core.key import Key
from dreamerguard.core.setting import Setting
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.names import code_of, is_config, last_name, literal_text
from dreamerguard.sources.python.python_files import parse

_SIZE = re.compile(r"\bsize\b")
_CALLBACK = re.compile(r"episode|callback")


def without_size(keys: Mapping[str, Key], suite: str, checkout: PythonCheckout | None) -> Mapping[str, Key]:
    """Returns the keys with ``size`` as dead, if its only readers are branches of ``make_env`` for other suites.

    Args:
      keys: of the run.
      suite: the suite of the task.
      checkout: the checkout.
    """
    data = checkout.script_texts if checkout is not None else ()
    if checkout is None or "size" not in keys or len(data) != 1 or suite.encode() not in data[0]:
        return keys
    tree = parse(data[0])
    body = branch_of(tree, suite) if tree is not None else None
    if tree is None or body is None or not all(ignores(item, _SIZE) for item in body):
        return keys
    outside = [item for item in tree.body if not (isinstance(item, ast.FunctionDef) and item.name == "make_env")]
    imported = [facts for script in checkout.starts for facts in checkout.index.reachable(script)[1:]]
    read = any(name == "size" and is_config(owner) for facts in imported for owner, name in facts.pairs)
    if read or any(_reads_size(item) for item in outside):
        return keys
    why = f"make_env does not hand it to {suite} environments"
    return {**keys, "size": replace(keys["size"], dead=why)}


def is_left_out(settings: Mapping[str, Setting], keys: Mapping[str, Key]) -> bool:
    """Returns whether the image size of a run reaches no environment, so that its value is not judged."""
    return "size" in settings and "size" in keys and "make_env" in keys["size"].dead


def _reads_size(node: ast.AST) -> bool:
    """Returns whether code reads ``config.size``, or has the name of the key in a text."""
    return any(
        (isinstance(item, ast.Attribute) and item.attr == "size" and is_config(last_name(item.value)))
        or literal_text(item) == "size"
        for item in ast.walk(node)
    )


def branch_of(tree: ast.Module, suite: str) -> list[ast.stmt] | None:
    """Returns what ``make_env`` does for a suite: its branch and what follows it; None without a branch."""
    made = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "make_env"]
    if len(made) != 1:
        return None
    for index, statement in enumerate(made[0].body):
        current: ast.stmt | None = statement
        while isinstance(current, ast.If):
            if _tests(current.test, suite):
                return [*current.body, *made[0].body[index + 1 :]]
            current = current.orelse[0] if len(current.orelse) == 1 else None
    return None


def _tests(test: ast.expr, suite: str) -> bool:
    """Returns whether a condition is ``suite == NAME``."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    right = test.comparators[0]
    return isinstance(test.left, ast.Name) and isinstance(right, ast.Constant) and right.value == suite


def ignores(statement: ast.stmt, names: re.Pattern[str]) -> bool:
    """Returns whether a statement neither has one of the names nor hands on the whole configuration.

    A function that is called with each finished episode may get the configuration: it makes no environment.
    """
    text = code_of(statement)
    if not text or names.search(text):
        return False
    read = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    read |= {id(item) for node in ast.walk(statement) if _is_callback(node) for item in ast.walk(node)}
    return not any(
        isinstance(node, ast.Name) and "config" in node.id and id(node) not in read for node in ast.walk(statement)
    )


def _is_callback(node: ast.AST) -> bool:
    """Returns whether code binds arguments of a function for finished episodes."""
    if not isinstance(node, ast.Call) or last_name(node.func) != "partial" or not node.args:
        return False
    return _CALLBACK.search(last_name(node.args[0])) is not None
