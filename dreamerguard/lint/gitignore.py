"""Patterns of ``.gitignore`` files (https://git-scm.com/docs/gitignore), without asking git.

Most patterns are a name or an ending, which a look-up finds. One expression for all other patterns of a file rejects
most names at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from dreamerguard.util.globs import GlobError, literal_length, name_expression, path_expression

_MAX_PATTERN = 400
#: Patterns with wildcards, other than endings, that one file may have; later ones are not read.
_MAX_GLOBS = 500
_MAX_GLOB_CHARACTERS = 1 << 14


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line: its place among the others, whether it matches only folders, and whether it includes again."""

    order: int
    folders: bool
    negated: bool


@dataclass(slots=True)
class _Globs:
    """Patterns with wildcards, in the order of the file."""

    rules: list[tuple[_Rule, re.Pattern[str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    any: re.Pattern[str] | None = None

    def add(self, rule: _Rule, text: str) -> None:
        self.rules.append((rule, re.compile(text, re.DOTALL)))
        self.texts.append(text)

    def close(self) -> None:
        if self.texts:
            self.any = re.compile("|".join(f"(?:{text})\\Z" for text in self.texts), re.DOTALL)

    def last(self, text: str, is_folder: bool, best: _Rule | None) -> _Rule | None:
        if self.any is None or not self.any.match(text):
            return best
        for rule, expression in reversed(self.rules):
            if best is not None and rule.order < best.order:
                break
            if (is_folder or not rule.folders) and expression.fullmatch(text):
                return rule
        return best


@dataclass(slots=True)
class IgnoreFile:
    """The patterns of one file.

    Attributes:
      base: the folder of the file, a path with slashes relative to the root.
    """

    base: str
    _names: dict[str, list[_Rule]] = field(default_factory=dict)
    _paths: dict[str, list[_Rule]] = field(default_factory=dict)
    _endings: dict[str, list[_Rule]] = field(default_factory=dict)
    _lengths: tuple[int, ...] = ()
    _name_globs: _Globs = field(default_factory=_Globs)
    _path_globs: _Globs = field(default_factory=_Globs)

    def decides(self, path: str, is_folder: bool) -> bool | None:
        """Returns whether the file excludes a path relative to the root; None if it has no pattern for the path."""
        if self.base and not path.startswith(f"{self.base}/"):
            return None
        below = path[len(self.base) + 1 :] if self.base else path
        name = below[below.rfind("/") + 1 :]
        best = _last(self._names.get(name, ()), is_folder, None)
        best = _last(self._paths.get(below, ()), is_folder, best)
        for length in self._lengths:
            if length <= len(name):
                best = _last(self._endings.get(name[len(name) - length :], ()), is_folder, best)
        best = self._name_globs.last(name, is_folder, best)
        best = self._path_globs.last(below, is_folder, best)
        return None if best is None else not best.negated


def _last(rules: Iterable[_Rule], is_folder: bool, best: _Rule | None) -> _Rule | None:
    for rule in rules:
        if (is_folder or not rule.folders) and (best is None or rule.order > best.order):
            best = rule
    return best


def ignored(path: str, is_folder: bool, files: Sequence[IgnoreFile]) -> bool:
    """Returns whether a path relative to the root is excluded: the deepest file with a pattern for it decides."""
    for file in reversed(files):
        decision = file.decides(path, is_folder)
        if decision is not None:
            return decision
    return False


def read_patterns(text: str, base: str = "") -> IgnoreFile:
    """Reads the patterns of one file that lies in the folder ``base``, a path with slashes relative to the root."""
    file = IgnoreFile(base)
    globs = characters = 0
    for order, line in enumerate(text.removeprefix("\ufeff").split("\n")):
        pattern = _trimmed(line.removesuffix("\r"))
        if not pattern or pattern.startswith("#") or len(pattern) > _MAX_PATTERN:
            continue
        negated = pattern.startswith("!")
        pattern = pattern[negated:]
        folders = pattern.endswith("/")
        pattern = pattern.removesuffix("/")
        rule = _Rule(order, folders, negated)
        if not pattern or _plain(file, pattern, rule):
            continue
        globs, characters = globs + 1, characters + len(pattern)
        if globs <= _MAX_GLOBS and characters <= _MAX_GLOB_CHARACTERS:
            _glob(file, pattern, rule)
    file._lengths = tuple({len(ending) for ending in file._endings})
    file._name_globs.close()
    file._path_globs.close()
    return file


def _trimmed(line: str) -> str:
    """A line without the blanks at its end that no backslash precedes."""
    kept = line.rstrip(" ")
    slashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if slashes % 2 and len(kept) < len(line) else kept


def _plain(file: IgnoreFile, pattern: str, rule: _Rule) -> bool:
    """Notes a pattern without wildcards, or with one star at its beginning."""
    if literal_length(pattern) == len(pattern):
        table = file._paths if "/" in pattern else file._names
        table.setdefault(pattern.removeprefix("/"), []).append(rule)
        return True
    if pattern[0] == "*" and "/" not in pattern and literal_length(pattern[1:]) == len(pattern) - 1:
        file._endings.setdefault(pattern[1:], []).append(rule)
        return True
    return False


def _glob(file: IgnoreFile, pattern: str, rule: _Rule) -> None:
    globs = file._path_globs if "/" in pattern else file._name_globs
    try:
        globs.add(rule, _expression(pattern))
    except GlobError:
        return


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> str:
    return path_expression(pattern.removeprefix("/")) if "/" in pattern else name_expression(pattern)
