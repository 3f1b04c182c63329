"""Sweeps of Weights & Biases that Python code defines: ``wandb.sweep({"program": ..., "parameters": {...}})``.

A dictionary with the keys of a sweep file is read as one. Keys that the code adds later, ``config["parameters"] =
...``, count too, and a name stands for the dictionary that the module gives it. What is not literal stays unknown.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.literals import constants, plain_number
from dreamerguard.sources.python.names import literal_text
from dreamerguard.sources.values.nodes import Entry, Listing, Node, Scalar
from dreamerguard.sources.values.nodes import Mapping as Tree

from .python_places import Places
from .wandb_sweep import sweep_commands

_PARAMETERS = re.compile(r"[\"']parameters[\"']\s*(?::|\]\s*=)")
_MAX_DEPTH = 8


def sets_sweep(text: str) -> bool:
    """Returns whether a Python file may define a sweep."""
    return _PARAMETERS.search(text) is not None


def read_python_sweeps(tree: ast.Module, places: Places) -> list[Command]:
    """Returns the commands of the sweeps that a file defines, and that name a program or a command."""
    return [
        command
        for root in _sweeps(tree, places)
        if {"program", "command"} & {str(entry.key.value) for entry in root.entries}
        for command in sweep_commands(root, places.source)
    ]


def function_sweeps(tree: ast.Module, places: Places) -> Iterator[int]:
    """Yields the lines of sweeps that start a function of the file instead of a program."""
    for root in _sweeps(tree, places):
        if not {"program", "command"} & {str(entry.key.value) for entry in root.entries}:
            yield root.span.line


def _sweeps(tree: ast.Module, places: Places) -> Iterator[Tree]:
    if not sets_sweep(places.source.text):
        return
    known, added = constants(tree), _added(tree)
    named = {id(value): name for name, value in known.items()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            later = added.get(named.get(id(node), ""), ())
            keys = {literal_text(key) for key in (*node.keys, *(key for key, _ in later)) if key is not None}
            if "parameters" in keys and keys & {"method", "program", "command", "metric"}:
                root = _tree(node, places, known, 0)
                extra = (_entry(key, value, places, known, 0) for key, value in later)
                yield Tree((*root.entries, *extra), root.span)


def _added(tree: ast.Module) -> dict[str, list[tuple[ast.expr, ast.expr]]]:
    """Returns the keys that code adds to named dictionaries."""
    found: dict[str, list[tuple[ast.expr, ast.expr]]] = {}
    for node in ast.walk(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        subscript = target if isinstance(target, ast.Subscript) and literal_text(target.slice) else None
        if isinstance(node, ast.Assign) and subscript is not None and isinstance(subscript.value, ast.Name):
            found.setdefault(subscript.value.id, []).append((subscript.slice, node.value))
    return found


def _tree(node: ast.Dict, places: Places, known: Mapping[str, ast.expr], depth: int) -> Tree:
    pairs = zip(node.keys, node.values, strict=True)
    entries = (
        _entry(key, value, places, known, depth) for key, value in pairs if key is not None and literal_text(key)
    )
    return Tree(tuple(entries), places.span(node))


def _entry(key: ast.expr, value: ast.expr, places: Places, known: Mapping[str, ast.expr], depth: int) -> Entry:
    return Entry(Scalar(literal_text(key), places.span(key), plain=False), _node(value, places, known, depth + 1))


def _node(value: ast.expr, places: Places, known: Mapping[str, ast.expr], depth: int) -> Node:
    """Returns the node of a literal; an empty mapping for what is not literal, which holds no value."""
    if isinstance(value, ast.Name):
        value = known.get(value.id, value)
    span = places.span(value)
    if depth < _MAX_DEPTH and isinstance(value, ast.Dict):
        return _tree(value, places, known, depth)
    if depth < _MAX_DEPTH and isinstance(value, ast.List | ast.Tuple):
        return Listing(tuple(_node(item, places, known, depth + 1) for item in value.elts), span)
    number = plain_number(value)
    if number is not None:
        return Scalar(number, span, plain=False)
    if isinstance(value, ast.Constant) and isinstance(value.value, str | bool | None):
        return Scalar(value.value, span, plain=not isinstance(value.value, str))
    return Tree((), span)
