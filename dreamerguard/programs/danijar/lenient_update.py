"""Forks whose ``Config.update`` adds a key of a preset that the defaults lack; upstream's stops with a KeyError."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from dreamerguard.core.setting import UnknownKey
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.names import last_name
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check


def as_added(unknown: Iterable[UnknownKey], checkout: PythonCheckout | None, presets: str) -> list[UnknownKey]:
    """Returns the unknown keys, of which those of presets stop nothing where the checkout's own code adds them.

    Args:
      unknown: keys that the defaults lack.
      checkout: the checkout; without one, upstream's code counts.
      presets: name of the file of presets.
    """
    items = list(unknown)
    placed = [item for item in items if item.span.source.name == presets]
    if not placed or checkout is None or not _adds_keys(checkout):
        return items
    return [replace(item, fatal=False) if item in placed else item for item in items]


def _adds_keys(checkout: PythonCheckout) -> bool:
    """Returns whether every class ``Config`` of the checkout adds new keys; upstream's library counts without one."""
    files = checkout.index.files.values()
    found = [_update_adds(file.data) for file in files if file.data is not None and b"class Config" in file.data]
    own = [adds for adds in found if adds is not None]
    return bool(own) and all(own)


@cached_per_check
def _update_adds(data: bytes) -> bool | None:
    """Returns whether ``Config.update`` never refuses a key; None for a file without it."""
    tree = parse(data)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)] if tree is not None else []
    body = [item for node in classes if node.name == "Config" for item in node.body]
    update = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == "update"), None)
    if update is None:
        return None
    nodes = list(ast.walk(update))
    refuses = any(_is_key_error(node) for node in nodes if isinstance(node, ast.Raise))
    items = [node for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name)]
    reads = any(isinstance(node.ctx, ast.Load) for node in items)
    return not refuses and not reads and any(isinstance(node.ctx, ast.Store) for node in items)


def _is_key_error(node: ast.Raise) -> bool:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return raised is not None and last_name(raised) in ("KeyError", "AttributeError", "Exception")
