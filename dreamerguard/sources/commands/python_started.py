"""Commands that Python code starts: lists of words for ``subprocess``, and texts for a shell."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.python.names import last_name, literal_text

from .python_paths import own_path, single_values
from .python_places import Places, word_of

#: Reads a range of a source as shell text.
TextReader = Callable[[Source, int, int], list[Command]]

_PYTHON = re.compile(r"python[\d.]*")
_STARTS = frozenset({"system", "popen", "run", "Popen", "call", "check_call", "check_output", "split", "getoutput"})


def is_start(node: ast.Call) -> bool:
    """Returns whether a call starts a program."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if any(item.arg is None for item in node.keywords):  # another object, made from settings that are already there
        return False
    return last_name(node.func) in _STARTS and last_name(owner or node.func) in ("subprocess", "os", "shlex", "Popen")


def is_literal(node: ast.expr) -> bool:
    """Returns whether the arguments of a program are a text or a list."""
    return bool(literal_text(node)) or isinstance(node, ast.List)


def started(tree: ast.Module, places: Places, read_text: TextReader) -> Iterator[Command]:
    """Yields the commands that a file starts.

    Args:
      tree: the file.
      places: places in it.
      read_text: reads the text that a shell gets.
    """
    open_lists, values = _extended(tree), single_values(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple) and _starts_python(node, places, values):
            parts = [_word(item, places, values) for item in node.elts]
            parts[0] = ("python", parts[0][1])
            parts += [(UNKNOWN, parts[-1][1])] if id(node) in open_lists else []
            yield places.words(parts)
        elif isinstance(node, ast.Call) and is_start(node) and node.args and literal_text(node.args[0]):
            span = places.span(node.args[0])
            quote = 3 if span.text[:3] in ('"' * 3, "'" * 3) else 1
            if span.text[:1] in "\"'" and (quote == 3 or "\\" not in span.text):
                yield from read_text(places.source, span.start + quote, span.end - quote)


def _word(node: ast.expr, places: Places, values: Mapping[str, ast.expr]) -> tuple[str, Span]:
    """Returns a word and its place; a script by its path as seen from the file."""
    path = _script(node, places, values)
    return (path, places.span(node)) if path else word_of(node, places)


def _script(node: ast.expr, places: Places, values: Mapping[str, ast.expr]) -> str:
    """Returns the path of a script in the checkout, as seen from the file; empty for anything else."""
    path = own_path(node, values) if isinstance(node, ast.Call | ast.Name | ast.BinOp) else None
    if path is None or path.suffix != ".py":
        return ""
    outside = path.parts.count("..") > len(PurePosixPath(places.source.name).parent.parts)
    return "" if outside else path.as_posix()


def _starts_python(node: ast.List | ast.Tuple, places: Places, values: Mapping[str, ast.expr]) -> bool:
    if len(node.elts) < 2:
        return False
    first = node.elts[0]
    python = last_name(first) == "executable" or _PYTHON.fullmatch(literal_text(first).rpartition("/")[2]) is not None
    texts = (literal_text(item) or _script(item, places, values) for item in node.elts[1:4]) if python else ()
    return any(text.endswith(".py") or text == "-m" for text in texts)


def _extended(tree: ast.Module) -> set[int]:
    """Lists to which something is added later, so that their words are not all."""
    names: set[str] = set()
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            names.add(last_name(node.target))
        elif isinstance(node, ast.Attribute) and node.attr in ("append", "extend", "insert"):
            names.add(last_name(node.value))
        elif isinstance(node, ast.BinOp):
            names |= {last_name(node.left), last_name(node.right)}
            found |= {id(node.left), id(node.right)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(last_name(target) in names for target in node.targets):
            found.add(id(node.value))
    return found
