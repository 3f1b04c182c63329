"""Patterns of ``.gitignore`` files (https://git-scm.com/docs/gitignore), without asking git."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dreamerguard.util.patterns import Pattern, PatternError

_MAX_PATTERN = 400


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """One line: what it matches below ``base``, whether only folders, and whether it takes an exclusion back."""

    base: str
    expression: Pattern
    folders: bool
    negated: bool


def read_patterns(text: str, base: str = "") -> list[IgnorePattern]:
    """The patterns of one file that lies in the folder ``base``, a path with slashes relative to the root."""
    found = (_pattern(line, base) for line in text.splitlines())
    return [pattern for pattern in found if pattern is not None]


def ignored(path: str, is_folder: bool, patterns: Sequence[IgnorePattern]) -> bool:
    """Whether the last pattern that matches excludes a path relative to the root."""
    for pattern in reversed(patterns):
        if pattern.folders and not is_folder:
            continue
        if pattern.base and not path.startswith(f"{pattern.base}/"):
            continue
        below = path[len(pattern.base) + 1 :] if pattern.base else path
        if _fits(pattern.expression, below):
            return not pattern.negated
    return False


def _fits(expression: Pattern, below: str) -> bool:
    try:
        return expression.fullmatch(below)
    except PatternError:  # it takes too long
        return False


def _pattern(line: str, base: str) -> IgnorePattern | None:
    text = line.rstrip("\n\r")
    text = text.rstrip(" ") if not text.endswith("\\ ") else text
    if not text or text.startswith("#") or len(text) > _MAX_PATTERN:
        return None
    negated = text.startswith("!")
    text = text[1:] if negated or text.startswith(("\\#", "\\!")) else text
    folders = text.endswith("/")
    text = text.rstrip("/")
    if not text:
        return None
    anchored = "/" in text
    body = _expression(text.lstrip("/"))
    try:
        return IgnorePattern(base, Pattern(body if anchored else f"(?:.*/)?{body}", re.DOTALL), folders, negated)
    except PatternError:
        return None


@lru_cache(maxsize=1024)
def _expression(text: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif text.startswith("/**", at) and at + 3 == len(text):
            parts.append("/.*")
            at += 3
        elif text[at] == "*":
            parts.append("[^/]*")
            while at < len(text) and text[at] == "*":
                at += 1
        elif text[at] == "[" and (close := text.find("]", at + 2)) > 0:
            # Python reserves doubled signs in a set, "--" among them, and warns of them.
            inner = re.sub(r"([\\\[&~|]|-(?=-))", r"\\\1", text[at + 1 : close])
            parts.append(f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]")
            at = close + 1
        else:
            literal = text[at + 1 : at + 2] if text[at] == "\\" else text[at]
            parts.append("[^/]" if text[at] == "?" else re.escape(literal))
            at += 2 if text[at] == "\\" else 1
    return "".join(parts)
