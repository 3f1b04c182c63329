"""Lists of words in Python code: literals, ``+``, ``"...".split()`` and names of such lists."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from dreamerguard.core.source import Span
from dreamerguard.sources.argv import UNKNOWN

from .python_places import Places, word_of

#: A word and its place.
Part = tuple[str, Span]
Parts = tuple[Part, ...]

_MOST_WORDS = 500
_BLANKS = re.compile(r"[^ \t]+")


def is_argv(node: ast.expr) -> bool:
    """Returns whether an expression is ``sys.argv``."""
    return isinstance(node, ast.Attribute) and node.attr == "argv" and isinstance(node.value, ast.Name)


def listed(node: ast.expr, lists: Mapping[str, Parts], places: Places) -> Parts | None:
    """Returns the words of an expression; None if it is no list. A word that is not literal is `UNKNOWN`.

    Args:
      node: the expression.
      lists: words of the lists that have a name.
      places: places in the file.
    """
    if isinstance(node, ast.List | ast.Tuple):
        return tuple(word_of(item, places) for item in node.elts[:_MOST_WORDS])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = listed(node.left, lists, places), listed(node.right, lists, places)
        if left is None and right is None:
            return None
        return (*_or_unknown(left, node.left, places), *_or_unknown(right, node.right, places))[:_MOST_WORDS]
    if isinstance(node, ast.Name):
        return lists.get(node.id)
    if isinstance(node, ast.Subscript) and is_argv(node.value):
        return ((UNKNOWN, places.span(node)),)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "list" and node.args:
        return listed(node.args[0], lists, places)
    return _split(node, places)


def _or_unknown(parts: Parts | None, node: ast.expr, places: Places) -> Parts:
    return parts if parts is not None else ((UNKNOWN, places.span(node)),)


def _split(node: ast.expr, places: Places) -> Parts | None:
    """Returns the words of ``"--seed 1".split()``."""
    func = node.func if isinstance(node, ast.Call) and not node.args else None
    if not isinstance(func, ast.Attribute) or func.attr != "split" or not isinstance(func.value, ast.Constant):
        return None
    span = places.span(func.value)
    text = span.text[1:-1] if span.text[:1] in "\"'" and "\\" not in span.text else ""
    if text != func.value.value:
        return tuple((word, span) for word in str(func.value.value).split())
    start = span.start + 1
    return tuple(
        (match[0], span.source.span(start + match.start(), start + match.end())) for match in _BLANKS.finditer(text)
    )
