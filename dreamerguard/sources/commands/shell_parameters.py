"""Evaluates what a shell calculates from known values: ``${name%.yaml}``, ``${array[1]}``, ``{1..3}``.

Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.util.fast_dataclass import dataclass

from .shell_arithmetic import evaluate
from .shell_values import Value

_LENGTH = re.compile(r"#([A-Za-z_]\w*)\[[@*]\]", re.ASCII)
_COUNT = re.compile(r"\$\{#([A-Za-z_]\w*)\[[@*]\]\}", re.ASCII)
_ELEMENT = re.compile(r"([A-Za-z_]\w*)\[(?![@*]\])([^\n]{1,200})\]", re.ASCII)
_CHANGE = re.compile(r"([A-Za-z_]\w*|[1-9])(%%|%|##|#|//|/|,,|\^\^)(.*)", re.ASCII | re.DOTALL)
_RANGE = re.compile(r"(-?\d{1,6})\.\.(-?\d{1,6})(?:\.\.(-?\d{1,4}))?")
_SEQUENCE = re.compile(r"\s*seq((?:\s+(?:-w|-s ' '|\"?\$?\{?\w+\}?\"?|-?\d+)){1,4})\s*", re.ASCII)
_REST = re.compile(r"[@*]:\s?(\d{1,3})(?::(\d{1,3}))?", re.ASCII)
_SLICE = re.compile(r"([A-Za-z_]\w*)\[[@*]\]:\s?(\d{1,3})(?::(\d{1,3}))?", re.ASCII)
_ALTERNATIVE = re.compile(r"([A-Za-z_]\w*|[1-9])(\[[@*]\])?:?\+(.*)", re.ASCII | re.DOTALL)
_MAX_TEXT = 200
Lookup = Callable[[str], Value]


def element_of(text: str, values: Mapping[str, Value], value: Lookup, expand: Callable[[str], str]) -> str | None:
    """Returns ``name[index]`` or ``#name[@]`` of a known array; None for anything else.

    Args:
      text: what stands between the braces.
      values: the variables.
      value: returns the value of a variable or an argument.
      expand: fills in the variables of a key.
    """
    if (length := _LENGTH.fullmatch(text)) is not None:
        return _count(values.get(length[1]))
    match = _ELEMENT.fullmatch(text)
    items = values.get(match[1]) if match is not None else None
    if match is None or not isinstance(items, tuple):
        return None
    index = match[2].strip("\"'")
    if items and all(item.startswith("[") and "]=" in item for item in items):
        named = dict(item[1:].split("]=", 1) for item in items)
        return named.get(expand(index))
    number = number_of(index, values, value)
    if number is None or number < -len(items) or any(item[:1] == "[" for item in items):
        return None
    before = items[: number + 1] if number >= 0 else items  # an unknown one may be several words
    return None if any(UNKNOWN in item for item in before) else "".join(items[number : number + 1 or None])


def _count(items: Value) -> str | None:
    """Returns the number of items of an array; an unknown item may be several words."""
    known = isinstance(items, tuple) and not any(UNKNOWN in item for item in items)
    return str(len(items or ())) if known else None


def number_of(text: str, values: Mapping[str, Value], value: Lookup) -> int | None:
    """Returns the value of an arithmetic expression, which may count the items of arrays; None if unknown."""

    def digits(name: str) -> str | None:
        known = value(name)
        return known if isinstance(known, str) else None

    filled = _COUNT.sub(lambda match: _count(values.get(match[1])) or UNKNOWN, text[:_MAX_TEXT])
    return evaluate(filled.replace("$((", "(("), digits) if len(text) < _MAX_TEXT else None


def rest_of(text: str, arguments: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Returns the arguments of ``@:3`` or ``@:3:2``; None for anything else, and if the arguments are unknown."""
    match = _REST.fullmatch(text)
    if match is None or arguments is None or match[1] == "0":
        return None
    first = int(match[1]) - 1
    return arguments[first : first + int(match[2])] if match[2] else arguments[first:]


def slice_of(text: str, values: Mapping[str, Value]) -> tuple[str, ...] | None:
    """Returns the items of ``name[@]:2`` or ``name[@]:2:1``; None for anything else, and if the items are unknown."""
    match = _SLICE.fullmatch(text)
    items = values.get(match[1]) if match is not None else None
    if match is None or not isinstance(items, tuple):
        return None
    first, last = int(match[2]), int(match[2]) + int(match[3]) if match[3] else len(items)
    return items[first:last] if UNKNOWN not in items[:last] else None  # an unknown one may be several words


@dataclass(frozen=True, slots=True)
class Alternative:
    """``${name:+text}``, or ``${name[@]+"${name[@]}"}`` of an array."""

    name: str
    text: str
    array: bool


def alternative(text: str) -> Alternative | None:
    """Returns what stands between the braces of ``${name:+text}``; None for anything else."""
    match = _ALTERNATIVE.fullmatch(text)
    if match is None or (match[2] and match[3].strip('"') != f"${{{match[1]}{match[2]}}}"):
        return None
    return Alternative(match[1], match[3], bool(match[2]))


def joined_words(words: tuple[str, ...] | None) -> str:
    """Returns words as one text, which the shell splits again; `UNKNOWN` where a word holds blanks."""
    return UNKNOWN if words is None or any(len(word.split()) != 1 for word in words) else " ".join(words)


def parameter_text(text: str, value: Lookup) -> str | None:
    """Returns ``name%pattern``, ``name/old/new`` and their like for a known value; None for anything else."""
    match = _CHANGE.fullmatch(text)
    known = value(match[1]) if match is not None else None
    if match is None or not isinstance(known, str) or len(known) > _MAX_TEXT or re.search(r"[$`\\\[\]]", match[3]):
        return None
    change, rest = match[2], match[3]
    if change in (",,", "^^"):
        return (known.lower() if change == ",," else known.upper()) if not rest else None
    if change in ("/", "//"):
        old, _, new = rest.partition("/")
        plain = bool(old) and not set(old) & set("*?\"'#%")
        return known.replace(old, new, -1 if change == "//" else 1) if plain else None
    return _trimmed(known, change, rest)


def _trimmed(known: str, change: str, pattern: str) -> str:
    """Removes the shortest or longest beginning or end that a pattern fits."""
    places = range(len(known) + 1)
    if change in ("#", "##"):
        fits = (at for at in (places if change == "#" else reversed(places)) if fnmatchcase(known[:at], pattern))
        return known[next(fits, 0) :]
    fits = (at for at in (reversed(places) if change == "%" else places) if fnmatchcase(known[at:], pattern))
    return known[: next(fits, len(known))]


def braced_words(text: str, most: int) -> list[str] | None:
    """Returns the words of ``{a,b}`` or ``{1..3}``; None if there are too many, or if they hold variables."""
    inner = text[1:-1]
    if any(char in inner for char in "$`\\*?"):
        return None
    if (match := _RANGE.fullmatch(inner)) is None:
        return inner.split(",") if "," in inner and inner.count(",") < most else None
    first, last, step = int(match[1]), int(match[2]), abs(int(match[3] or 1)) or 1
    values = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    width = max(len(match[1]), len(match[2])) if re.match(r"-?0\d", match[1]) else 0
    return [str(value).zfill(width) for value in values] if len(values) <= most else None


def sequence(text: str, expand: Callable[[str], str], most: int) -> str | None:
    """Returns the output of ``seq``, with something unknown if it is not known; None for other commands."""
    match = _SEQUENCE.fullmatch(text)
    if match is None:
        return None
    numbers = [expand(part) for part in match[1].split() if not part.startswith(("-w", "-s", "'"))]
    ends = [int(part) for part in numbers if re.fullmatch(r"-?\d{1,9}", part)]
    if len(ends) != len(numbers) or not 1 <= len(ends) <= 3:
        return UNKNOWN
    first, step, last = {1: (1, 1, ends[0]), 2: (ends[0], 1, ends[-1])}.get(len(ends)) or tuple(ends)
    values = range(first, last + (1 if step > 0 else -1), step) if step else range(0)
    if len(values) > most:
        return UNKNOWN
    width = max(len(str(first)), len(str(last))) if "-w" in match[1].split() else 0
    return "\n".join(str(value).zfill(width) for value in values)
