"""Where the cursor is in a YAML file that is being typed, so that it need not be valid."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEY = re.compile(r"(?P<indent> *)(?P<typed>[\w.$*|()\\-]*)")
_VALUE = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):[ \t]+(?P<typed>[\w./-]*)")
_PARENT = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):[ \t]*(?:#.*)?")
#: Lines above the cursor that are looked at.
_MOST_LINES = 2000


@dataclass(frozen=True)
class Cursor:
    """The place in the tree.

    Attributes:
      parents: keys around the cursor, the outermost first.
      key: the key whose value is typed; empty if a key is typed.
      typed: what is typed of the key or the value so far.
    """

    parents: tuple[str, ...]
    key: str
    typed: str


def yaml_cursor(text: str, offset: int) -> Cursor | None:
    """Returns the place of a character; None inside comments, lists and other text."""
    lines = text[:offset].split("\n")
    line = lines.pop()
    value, key = _VALUE.fullmatch(line), _KEY.fullmatch(line)
    match = value or key
    if match is None:
        return None
    parents = _parents(lines[-_MOST_LINES:], len(match["indent"]))
    return Cursor(parents, value["key"] if value else "", match["typed"])


def _parents(lines: list[str], indent: int) -> tuple[str, ...]:
    found: list[str] = []
    for line in reversed(lines):
        if indent == 0:
            break
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        match = _PARENT.fullmatch(line.rstrip("\r"))
        depth = len(line) - len(line.lstrip(" "))
        if depth >= indent:
            continue
        if match is None:
            return ()
        found.append(match["key"])
        indent = depth
    return tuple(reversed(found))
