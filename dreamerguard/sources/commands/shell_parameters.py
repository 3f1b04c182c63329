"""Evaluates what a shell calculates from known values: ``${name%.yaml}``, ``${array[1]}``, ``$((N * 2))``, ``{1..3}``.

Nothing is run; arithmetic is limited to whole numbers of ordinary size.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

_LENGTH = re.compile(r"#([A-Za-z_]\w*)\[[@*]\]", re.ASCII)
_ELEMENT = re.compile(r"([A-Za-z_]\w*)\[([^\[\]@*]+)\]", re.ASCII)
_CHANGE = re.compile(r"([A-Za-z_]\w*|[1-9])(%%|%|##|#|//|/|,,|\^\^)(.*)", re.ASCII | re.DOTALL)
_RANGE = re.compile(r"(-?\d{1,6})\.\.(-?\d{1,6})(?:\.\.(-?\d{1,4}))?")
_SAFE_CALCULATION = re.compile(r"[\w\s$(){}+*/%-]{1,60}", re.ASCII)
_NAME = re.compile(r"\$?\{?([A-Za-z_]\w*|(?<=\$)[1-9]|(?<=\{)[1-9])\}?", re.ASCII)
_MAX_TEXT = 200
_LARGEST = 10**15
_OPERATIONS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
Value = str | tuple[str, ...] | None
Lookup = Callable[[str], Value]


def element_of(text: str, values: Mapping[str, Value], expand: Callable[[str], str]) -> str | None:
    """Returns ``name[index]`` or ``#name[@]`` of a known array; None for anything else.

    Args:
      text: what stands between the braces.
      values: the variables.
      expand: fills in the variables of the index.
    """
    if (length := _LENGTH.fullmatch(text)) is not None:
        items = values.get(length[1])
        return str(len(items)) if isinstance(items, tuple) else None
    match = _ELEMENT.fullmatch(text)
    items = values.get(match[1]) if match is not None else None
    if match is None or not isinstance(items, tuple):
        return None
    index = expand(match[2].strip("\"'"))
    if items and all(item.startswith("[") and "]=" in item for item in items):
        named = dict(item[1:].split("]=", 1) for item in items)
        return named.get(index)
    number = re.fullmatch(r"-?\d{1,6}", index) or re.fullmatch(r"-?\d{1,6}", calculated(index, values.get) or "")
    inside = number is not None and -len(items) <= int(number[0]) < len(items)
    return items[int(number[0])] if number is not None and inside else None


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
    """Returns the words of ``{a,b}`` or ``{1..3}``; None if there are too many."""
    inner = text[1:-1]
    if (match := _RANGE.fullmatch(inner)) is None:
        return inner.split(",") if "," in inner and inner.count(",") < most else None
    first, last, step = int(match[1]), int(match[2]), abs(int(match[3] or 1)) or 1
    values = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    width = max(len(match[1]), len(match[2])) if re.match(r"-?0\d", match[1]) else 0
    return [str(value).zfill(width) for value in values] if len(values) <= most else None


def calculated(text: str, value: Lookup) -> str | None:
    """Returns the result of an arithmetic expression with known whole numbers; None for anything else."""
    if not _SAFE_CALCULATION.fullmatch(text):
        return None
    missing: list[str] = []

    def fill(match: re.Match[str]) -> str:
        known = value(match[1])
        if not isinstance(known, str) or not re.fullmatch(r"\s*-?(?:0|[1-9]\d{0,14})\s*", known):
            missing.append(match[1])
            return "0"
        return f"({known.strip()})"

    filled = _NAME.sub(fill, text)
    if missing:
        return None
    try:
        result = _number(ast.parse(filled.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if result is None else str(result)


def _number(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _number(node.left), _number(node.right)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Div | ast.Mod) and right > 0 and left >= 0:  # the shell divides whole numbers
        return left // right if isinstance(node.op, ast.Div) else left % right
    operation = _OPERATIONS.get(type(node.op))
    result = operation(left, right) if operation is not None else None
    return result if result is not None and abs(result) <= _LARGEST else None
