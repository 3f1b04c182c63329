"""Merges a configuration as danijar/dreamerv3 does in ``elements.Config`` and ``elements.Flags``.

Keys are flat and dotted. A key with any character outside ``A-Za-z0-9_.-`` is a pattern. In a preset a pattern needs
to match the beginning of a key (``re.match``), on the command line the whole key (``re.fullmatch``). A value takes the
type of the value that it replaces, by calling that type: ``bool("no")`` is true and ``tuple("ab")`` is two letters
(danijar/elements at b781f90, ``elements/config.py`` and ``elements/flags.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal

from dreamerguard.core.source import Plain, Span, Value
from dreamerguard.core.values import as_number, spell_scalar
from dreamerguard.sources.values.nodes import Entry, Mapping, Scalar
from dreamerguard.sources.values.ruamel import plain_value
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.text import shortened

_SPECIAL = re.compile(r"[^A-Za-z0-9_.-]")
_INTEGER = re.compile(r"\s*[-+]?\d+(_\d+)*\s*", re.ASCII)
#: Python refuses to read longer integers.
_LONGEST_INTEGER = 4300

#: Result of a conversion: the value is kept, silently changed, or refused.
Outcome = Literal["kept", "changed", "refused"]


@dataclass(frozen=True, slots=True)
class Item:
    """One flat key of a preset, with its value and its place."""

    key: str
    value: Value
    key_span: Span
    value_span: Span | None
    via: Span | None = None
    nested: bool = False

    @property
    def span(self) -> Span:
        """Key and value if they are close to each other, otherwise the key."""
        key, value = self.key_span, self.value_span
        near = value is not None and value.source is key.source and 0 <= value.start - key.end < 80
        return Span(key.source, key.start, value.end) if near and value is not None else key


@dataclass(frozen=True, slots=True)
class Converted:
    """A value after the program's conversion, with the outcome and the reason for a message."""

    value: Value
    outcome: Outcome = "kept"
    why: str = ""


def is_pattern(key: str) -> bool:
    """Returns whether the program treats the key as a pattern."""
    return _SPECIAL.search(key) is not None


def flatten(mapping: Mapping, via: Span | None = None) -> dict[str, Item]:
    """Returns flat key -> item, with the parts joined exactly as ``Config._flatten`` does."""
    result: dict[str, Item] = {}
    _flatten(mapping, (), via, result)
    return result


def _flatten(mapping: Mapping, above: tuple[str, ...], via: Span | None, result: dict[str, Item]) -> None:
    for entry in mapping.entries:
        parts, site = (*above, entry.name), via or entry.via
        if isinstance(entry.value, Mapping):
            _flatten(entry.value, parts, site, result)
        else:
            path = _path(parts)
            result[path] = _item(path, entry, site)


def _path(parts: tuple[str, ...]) -> str:
    """Joins parts with dots; a dot before or after a pattern is escaped."""
    path = ".".join(parts)
    if not is_pattern(path):
        return path
    path = parts[-1]
    for name in parts[-2::-1]:
        path = f"{name}\\.{path}" if is_pattern(name) or is_pattern(path) else f"{name}.{path}"
    return path


def _item(name: str, entry: Entry, via: Span | None) -> Item:
    value, flat = plain_value(entry.value)
    return Item(name, value, entry.key.span, _value_span(entry), via, nested=not flat)


def _value_span(entry: Entry) -> Span | None:
    node = entry.value
    return node.span if isinstance(node, Scalar) and node.span.end > node.span.start else None


def default_problem(value: Value) -> str:
    """Returns the reason why a default stops the program; empty if it does not."""
    if value == ():
        return "an empty list has no type"
    if isinstance(value, tuple) and any(not isinstance(item, type(value[0])) for item in value[1:]):
        return "all items of a list must have one type"
    return ""


def convert_yaml(old: Value, new: Value) -> Converted:
    """Converts a preset's value for a key with the value ``old``."""
    shown = _shown(new)
    if old is None:
        return Converted(old, "refused", "its default is empty, so no preset can set it")
    if isinstance(old, bool):
        return _to_bool(new, shown)
    if isinstance(old, int):
        return _to_int(new, shown)
    if isinstance(old, float):
        return _to_float(new, shown)
    if isinstance(old, str):
        kept = isinstance(new, str) or (isinstance(new, int | float) and not isinstance(new, bool))
        text = spell_python(new)
        return Converted(text) if kept else Converted(text, "changed", f"{shown} becomes the text {shortened(text)!r}")
    return _to_tuple(new, shown)


def _to_bool(new: Value, shown: str) -> Converted:
    if isinstance(new, float) and not new.is_integer():
        return Converted(False, "refused", f"{shown} is not true or false")
    value = bool(new)
    if isinstance(new, bool) or (isinstance(new, int | float) and new in (0, 1)):
        return Converted(value)
    return Converted(value, "changed", f"{shown} becomes {value}: any text that is not empty is true")


def _to_int(new: Value, shown: str) -> Converted:
    if isinstance(new, bool):
        return Converted(int(new), "changed", f"{shown} becomes {int(new)}")
    if isinstance(new, int | float):
        whole = isinstance(new, int) or new.is_integer()
        return Converted(int(new)) if whole else Converted(0, "refused", f"{shown} is not a whole number")
    if isinstance(new, str) and len(new) <= _LONGEST_INTEGER and _INTEGER.fullmatch(new):
        return Converted(int(new))
    return Converted(0, "refused", f"{shown} is not a whole number")


def _to_float(new: Value, shown: str) -> Converted:
    if isinstance(new, bool):
        return Converted(float(new), "changed", f"{shown} becomes {float(new)}")
    if isinstance(new, int | float):
        number = as_number(new)
        held = isinstance(new, float) or math.isfinite(number)
        return Converted(number) if held else Converted(number, "refused", f"{shown} is too large for a number")
    if isinstance(new, str):
        try:
            return Converted(float(new))
        except ValueError:
            pass
    return Converted(0.0, "refused", f"{shown} is not a number")


def _to_tuple(new: Value, shown: str) -> Converted:
    if isinstance(new, tuple):
        problem = default_problem(new)
        return Converted(new, "refused", problem) if problem else Converted(new)
    if isinstance(new, str) and new:
        letters = tuple(new)
        many = len(letters) > 1
        return Converted(letters, "changed", f"{shown} becomes {len(letters)} letters") if many else Converted(letters)
    return Converted((), "refused", f"{shown} is not a list")


def convert_flag(old: Value, words: Sequence[str]) -> Converted:
    """Converts the arguments of a flag for a key with the value ``old``."""
    if isinstance(old, tuple):
        words = words[0].split(",") if len(words) == 1 and "," in words[0] else words
        items = [convert_flag(old[0], [word]) for word in words]
        bad = next((item for item in items if item.outcome == "refused"), None)
        return bad or Converted(tuple(_plain(item.value) for item in items))
    if len(words) != 1:
        return Converted(old, "refused", f"{len(words)} values are given, but it takes one")
    word = words[0]
    if old is None:
        return Converted(old, "refused", "its default is empty, so no flag can set it")
    if isinstance(old, bool):
        return Converted(word == "True") if word in ("True", "False") else _refused(word, "True or False")
    if isinstance(old, int):
        number = _float(word)
        if number is not None and math.isinf(number):
            return _refused(word, "a whole number that a float can hold")
        whole = number is not None and number.is_integer()
        return Converted(int(number)) if whole and number is not None else _refused(word, "a whole number")
    if isinstance(old, float):
        number = _float(word)
        return Converted(number) if number is not None else _refused(word, "a number")
    return Converted(word)


def _refused(word: str, expected: str) -> Converted:
    brackets = " without brackets" if word.startswith("[") else ""
    return Converted(word, "refused", f"{shortened(word)!r} is not {expected}{brackets}")


def _float(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _plain(value: Value) -> Plain:
    return None if isinstance(value, tuple) else value


def spell_python(value: Value) -> str:
    """Returns ``str(value)`` as the program computes it."""
    if isinstance(value, tuple):
        return str(list(value))
    return str(value)


def _shown(value: Value) -> str:
    if value is None:
        return "an empty value"
    return repr(shortened(value)) if isinstance(value, str) else spell_scalar(value)
