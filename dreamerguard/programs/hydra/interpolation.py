"""Resolves references such as ``${key}`` in values to their target key and its value.

Resolvers such as ``${now:...}`` or ``${oc.env:...}`` are never called; a value with a resolver is unknown.
"""

from __future__ import annotations

import re

from dreamerguard.core.source import Plain, Value
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.util.fast_dataclass import dataclass

from .tree import Leaf, Tree

_WHOLE = re.compile(r"\$\{\s*(\.*[\w$./@-]+)\s*\}")
_MAX_HOPS = 16


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a path after all references: its key, its leaf or mapping, and its value if it is known."""

    key: str
    branch: Leaf | Tree
    known: bool
    value: Value = None


def is_final(leaf: Leaf) -> bool:
    """Returns whether a leaf's value is known without looking up other keys."""
    value = leaf.chain[-1].value
    if leaf.opaque or isinstance(value, tuple):
        return False
    return not isinstance(value, str) or not ("${" in value or UNKNOWN in value or value == "???")


def follow(root: Tree, path: list[str], hops: int = 0) -> Target | None:
    """Walks a path, follows every reference, and returns the target; None if a part of the path does not exist."""
    node: Leaf | Tree = root
    for index, part in enumerate(path):
        if isinstance(node, Leaf):
            reference = _reference(node, path[: index - 1])
            if reference is None or hops >= _MAX_HOPS:
                return None
            return follow(root, [*reference, *path[index:]], hops + 1)
        below = node.children.get(part)
        if below is None:
            return None
        node = below
    if isinstance(node, Tree):
        return Target(".".join(path), node, True)
    reference = _reference(node, path[:-1])
    if reference is not None:
        return follow(root, reference, hops + 1) if hops < _MAX_HOPS else None
    known, value = _value(root, node, path[:-1], hops)
    return Target(".".join(path), node, known, value)


def _reference(leaf: Leaf, parent: list[str]) -> list[str] | None:
    """Returns the target path of a leaf that is one reference and nothing else; otherwise None."""
    value = leaf.value
    match = _WHOLE.fullmatch(value.strip()) if isinstance(value, str) and not leaf.opaque else None
    return _absolute(match[1], parent) if match else None


def _absolute(text: str, parent: list[str]) -> list[str]:
    path = text.lstrip(".")
    dots = len(text) - len(path)
    base = parent[: len(parent) - (dots - 1)] if dots else []
    return [*base, *path.split(".")]


def _value(root: Tree, leaf: Leaf, parent: list[str], hops: int) -> tuple[bool, Value]:
    value = leaf.value
    if leaf.opaque:
        return False, None
    if isinstance(value, tuple):
        items = [_plain(root, item, parent, hops) for item in value]
        known = all(item is not None for item in items)
        return known, tuple(item[0] for item in items if item is not None) if known else None
    plain = _plain(root, value, parent, hops)
    return (True, plain[0]) if plain is not None else (False, None)


def _plain(root: Tree, value: Plain, parent: list[str], hops: int) -> tuple[Plain] | None:
    """Returns the value in a one-tuple, with references in texts replaced; None if it is unknown."""
    if not isinstance(value, str):
        return (value,)
    if UNKNOWN in value or value == "???":
        return None
    if "${" not in value:
        return (value,)
    if hops >= _MAX_HOPS or ":" in value.split("${", 1)[1].split("}", 1)[0]:
        return None
    whole = _WHOLE.fullmatch(value.strip())
    if whole:
        target = follow(root, _absolute(whole[1], parent), hops + 1)
        single = target is not None and target.known and isinstance(target.branch, Leaf)
        found = target.value if target is not None and single else None
        return (found,) if single and not isinstance(found, tuple) else None
    return _filled(root, value, parent, hops)


def _filled(root: Tree, value: str, parent: list[str], hops: int) -> tuple[Plain] | None:
    parts: list[str] = []
    at = 0
    for match in _WHOLE.finditer(value):
        target = follow(root, _absolute(match[1], parent), hops + 1)
        if target is None or not target.known or isinstance(target.value, tuple) or isinstance(target.branch, Tree):
            return None
        parts += [value[at : match.start()], str(target.value)]
        at = match.end()
    text = "".join([*parts, value[at:]])
    return None if "${" in text else (text,)
