"""Scripts that replace the words of their command line by words of their own before they read them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.names import last_name, root_name
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

from .python_call import PythonCall, is_open

_MOST_BYTES = 1 << 18
_ASSIGNED = re.compile(rb"\bargv\s*=[^=]")
#: Names whose calls read no command line.
_PLAIN = frozenset({"print", "os", "warnings", "logging", "pathlib", "Path", "random", "str", "sys"})
_MAIN = "main"


def ignored_arguments(call: PythonCall | None, command: Command, folder: Path) -> Iterator[Problem]:
    """Yields the problem of a script that sets ``sys.argv`` to words of its own before anything can read it.

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
    """Returns the line at which a run of a script replaces its words, if only plain statements run before it."""
    try:
        data = read_regular(path, _MOST_BYTES)
    except OSError:
        return None
    tree = parse(data) if _ASSIGNED.search(data) else None
    if tree is None:
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.If) and _is_guard(node.test):
            return _in_main_part(node.body, tree)
        if _sets_own(node):
            return node.lineno
        if any(_reads_words(item) for item in ast.walk(node)):
            return None
    return None


def _in_main_part(body: Sequence[ast.stmt], tree: ast.Module) -> int | None:
    """Returns the line in the main part, or in the function ``main`` that it calls without arguments."""
    for node in body:
        if _sets_own(node):
            return node.lineno
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and last_name(call.func) == _MAIN and not (call.args or call.keywords):
            found = [item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == _MAIN]
            return _in_function(found[0]) if len(found) == 1 and isinstance(call.func, ast.Name) else None
        if not _is_plain(node):
            return None
    return None


def _in_function(main: ast.FunctionDef) -> int | None:
    given = main.args
    if main.decorator_list or len(given.defaults) < len(given.posonlyargs) + len(given.args):
        return None
    for node in main.body:
        if _sets_own(node):
            return node.lineno
        if not _is_plain(node):
            return None
    return None


def _is_guard(test: ast.expr) -> bool:
    """Returns whether a test is ``__name__ == "__main__"``."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    return {_text_of(test.left), _text_of(test.comparators[0])} == {"__name__", "__main__"}


def _text_of(node: ast.expr) -> object:
    return node.id if isinstance(node, ast.Name) else node.value if isinstance(node, ast.Constant) else None


def _is_plain(node: ast.stmt) -> bool:
    """Returns whether a statement only imports, sets names or prints, so that it reads no words."""
    if not isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Expr | ast.Pass):
        return False
    calls = (item for item in ast.walk(node) if isinstance(item, ast.Call))
    return all(root_name(item.func) in _PLAIN for item in calls) and not any(map(_reads_words, ast.walk(node)))


def _reads_words(node: ast.AST) -> bool:
    """Returns whether a node is ``argv``, or a call that may read it."""
    if isinstance(node, ast.Call):
        return last_name(node.func).startswith("parse")
    return (isinstance(node, ast.Attribute) and node.attr == "argv") or (
        isinstance(node, ast.Name) and node.id == "argv"
    )


def _sets_own(node: ast.stmt) -> bool:
    """Returns whether a statement sets ``sys.argv`` to texts, of which the first may name the script itself."""
    if not isinstance(node, ast.Assign) or not any(map(_is_argv, node.targets)) or not isinstance(node.value, ast.List):
        return False
    words = node.value.elts
    named = len(words) > 1 and (isinstance(words[0], ast.Constant) or _is_script(words[0]))
    return named and all(isinstance(item, ast.Constant | ast.JoinedStr) for item in words[1:])


def _is_argv(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "argv" and _text_of(node.value) == "sys"


def _is_script(node: ast.expr) -> bool:
    """Returns whether an expression is ``sys.argv[0]`` or ``__file__``."""
    if isinstance(node, ast.Subscript):
        return _is_argv(node.value) and _text_of(node.slice) == 0
    return _text_of(node) == "__file__"
