"""Reads scalars as ruamel.yaml in YAML 1.2, with which danijar/dreamerv3 and dreamerv3-torch load their presets.

Unlike in the core schema, numbers may contain underscores, ``0b101`` is a number, and leading zeros are decimal.
"""

from __future__ import annotations

import re

from dreamerguard.core.source import Plain, Value
from dreamerguard.core.values import resolve_scalar

from .nodes import Listing, Mapping, Node, Scalar

_INTEGER = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)(\.[0-9_]*)?([eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*([eE][-+]?[0-9]+)?", re.ASCII
)
_LONGEST = 60


def ruamel_scalar(text: str) -> Plain:
    """Returns the value of an unquoted scalar."""
    if len(text) <= _LONGEST and "_" in text:
        digits = text.replace("_", "")
        if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
            return resolve_scalar(digits)
    if len(text) <= _LONGEST and re.fullmatch(r"[-+]?0b[01]+", text, re.ASCII):
        return int(text, 2)
    return resolve_scalar(text)


def plain_value(node: Node) -> tuple[Value, bool]:
    """Returns the value of a node, and whether the node is a scalar or a list of scalars."""
    if isinstance(node, Scalar):
        written = node.span.text
        same = node.plain and isinstance(node.value, str) and node.value == written
        return (ruamel_scalar(written) if same else node.value), True
    if isinstance(node, Listing):
        items = [item for item in node.items if isinstance(item, Scalar)]
        return tuple(_only(plain_value(item)[0]) for item in items), len(items) == len(node.items)
    assert isinstance(node, Mapping)
    return None, False


def _only(value: Value) -> Plain:
    return None if isinstance(value, tuple) else value
