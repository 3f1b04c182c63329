"""Scripts that replace the words of their command line by words of their own before they read them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

from .python_call import PythonCall, is_open

_MOST_BYTES = 1 << 18
_ASSIGNED = re.compile(rb"\bargv\s*=[^=]")
#: What reads the words: they count if it stands before the assignment.
_READS = re.compile(rb"\bparse\w*\(|\bsys\.argv\b(?!\s*=)")


def ignored_arguments(call: PythonCall | None, command: Command, folder: Path) -> Iterator[Problem]:
    """Yields the problem of a script that sets ``sys.argv`` to words of its own before anything reads it.

    Args:
      call: the command's script and its arguments, if it starts one.
      command: the command.
      folder: where it would be started.
    """
    if call is None or is_open(call.script) or not any(word.text.startswith("--") for word in call.words):
        return
    path = folder / call.script
    line = _replaced(path) if call.script.endswith(".py") and is_file(path) else None
    if line is None:
        return
    word = next((word for word in command.words if word.text == call.script), None)
    text = f"{call.script}:{line} sets sys.argv to words of its own, so no option of the command counts"
    help = f"remove line {line} of {call.script}, or the options"
    yield Problem("ignored-arguments", text, Label(word.span if word is not None else command.span), help=help)


@cached_per_check
def _replaced(path: Path) -> int | None:
    """Returns the line at which every run of a script replaces its words before they are read; None without one."""
    try:
        data = read_regular(path, _MOST_BYTES)
    except OSError:
        return None
    if not _ASSIGNED.search(data):
        return None
    tree = parse(data)
    lines = data.split(b"\n")
    for node in _always(tree.body) if tree is not None else ():
        if isinstance(node, ast.Assign) and any(map(_is_argv, node.targets)) and _is_own(node.value):
            before = lines[: node.lineno - 1]
            return None if any(_READS.search(line.partition(b"#")[0]) for line in before) else node.lineno
    return None


def _always(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields the statements of a module, of its main part and of its function ``main``, without those of branches."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.If) and _is_main(node):
            yield from _always(node.body)


def _is_main(node: ast.FunctionDef | ast.If) -> bool:
    return node.name == "main" if isinstance(node, ast.FunctionDef) else "__name__" in ast.unparse(node.test)


def _is_argv(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "argv" and ast.unparse(node.value) == "sys"


def _is_own(node: ast.expr) -> bool:
    """Returns whether an expression is a list of texts that may name the script itself as its first word."""
    if not isinstance(node, ast.List) or len(node.elts) < 2:
        return False
    first, *rest = node.elts
    named = isinstance(first, ast.Constant) or ast.unparse(first) in ("sys.argv[0]", "__file__")
    return named and all(isinstance(item, ast.Constant | ast.JoinedStr) for item in rest)
