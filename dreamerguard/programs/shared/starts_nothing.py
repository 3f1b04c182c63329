"""Scripts that start nothing: the main part is in another one, or the call of their main function is commented out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.names import root_name
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

from .python_call import PythonCall, is_open

_MOST_BYTES = 1 << 18
_DEFINES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
#: Modules whose functions only prepare something when a script calls them outside of functions.
_PREPARES = frozenset({
    "os", "sys", "warnings", "logging", "torch", "np", "numpy", "jax", "tf", "tensorflow", "matplotlib", "plt",
    "random", "gc", "faulthandler", "signal", "locale", "pathlib", "site", "print", "gym", "gymnasium", "rich",
    "load_dotenv",
})  # fmt: skip
_SCRIPTS = ("main.py", "train.py", "run.py", "dreamer.py")
_MAIN = re.compile(rb"__name__\s*==|==\s*__name__")
#: The call of a main function, commented out.
_UNCALLED = re.compile(rb"^[ \t]+#\s*(main\([^\n]*\))\s*$", re.MULTILINE)
#: Methods that start what a module or an object is for.
_STARTS = re.compile(r"main|run|train\w*|learn|fit|launch|cli|start|app", re.ASCII)


def starts_nothing(call: PythonCall, command: Command, folder: Path) -> Iterator[Problem]:
    """Yields the problem of a script of the checkout that starts nothing, if a script beside it has a main part.

    An installed command calls a function of its script, so it is not judged.

    Args:
      call: the command's script and its arguments.
      command: the command.
      folder: where it would be started.
    """
    path = folder / call.script
    if is_open(call.script) or not call.script.endswith(".py") or not is_file(path):
        return
    word = next((word for word in command.words if word.text == call.script), None)
    uncalled = _uncalled(path)
    if uncalled is not None:
        text = f"{call.script}:{uncalled} is a comment, so the command ends at once and trains nothing"
        place = word.span if word is not None else command.span
        yield Problem("starts-nothing", text, Label(place), help=f"call main in {call.script}, or remove the command")
    if not _only_defines(path):
        return
    installed = word is not None and ".py" not in word.span.text and "$" not in word.span.text
    others = [name for name in _SCRIPTS if name != path.name and _has_main(path.with_name(name))]
    if installed or not others:
        return
    text = f"{call.script} only defines functions and classes: the command ends at once and trains nothing"
    there = " and ".join(call.script.removesuffix(path.name) + name for name in others)
    place = word.span if word is not None else command.span
    yield Problem("starts-nothing", text, Label(place), help=f"the main part is in {there}")


@cached_per_check
def _only_defines(path: Path) -> bool:
    data = _data(path)
    tree = parse(data) if b"__name__" not in data else None
    body = tree.body if tree is not None else []
    return any(isinstance(node, _DEFINES) for node in body) and all(map(_is_quiet, body))


@cached_per_check
def _uncalled(path: Path) -> int | None:
    """Returns the line of the call of the main function that a script holds as a comment and nowhere else."""
    data = _data(path)
    comments = list(_UNCALLED.finditer(data))
    guard = _MAIN.search(data) if comments else None
    tree = parse(data) if guard is not None and comments[-1].start() > guard.start() else None
    body = tree.body if tree is not None else []
    made = {node.name for node in body if isinstance(node, _DEFINES)}
    made |= {item.asname or item.name for node in body if isinstance(node, ast.ImportFrom) for item in node.names}
    outside = [node for node in body if not isinstance(node, _DEFINES)]
    calls = [item.func for node in outside for item in ast.walk(node) if isinstance(item, ast.Call)]
    started = any(
        func.id in made if isinstance(func, ast.Name) else _STARTS.fullmatch(getattr(func, "attr", ""))
        for func in calls
    )
    return data.count(b"\n", 0, comments[-1].start(1)) + 1 if tree is not None and not started else None


def _is_quiet(node: ast.stmt) -> bool:
    """Returns whether a statement of a module starts nothing."""
    if isinstance(node, _DEFINES | ast.Import | ast.ImportFrom | ast.Pass):
        return not getattr(node, "decorator_list", ()) or isinstance(node, ast.ClassDef)
    if isinstance(node, ast.Try):
        return all(map(_is_quiet, [*node.body, *node.orelse, *node.finalbody]))
    if isinstance(node, ast.If):
        return all(map(_is_quiet, [*node.body, *node.orelse]))
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr):
        calls = [item for item in ast.walk(node) if isinstance(item, ast.Call)]
        inside = {id(part) for item in ast.walk(node) if isinstance(item, ast.Lambda) for part in ast.walk(item)}
        return all(root_name(item.func) in _PREPARES or id(item) in inside for item in calls)
    return isinstance(node, ast.Assert | ast.Delete)


def _has_main(path: Path) -> bool:
    return is_file(path) and _MAIN.search(_data(path)) is not None


def _data(path: Path) -> bytes:
    try:
        return read_regular(path, _MOST_BYTES)
    except OSError:
        return b""
