"""Options without which the script's own parser stops: ``parser.add_argument("--configs", required=True)``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.names import literal_text
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

from .python_call import PythonCall, is_open

_MOST_BYTES = 1 << 18
_MAIN = re.compile(r"\b__name__\b")
#: A method that makes parsers with options of their own, which only some commands reach.
_PARTS = b"add_subparsers"

#: The spellings of an option, and the line that declares it.
Option = tuple[tuple[str, ...], int]


def missing_options(call: PythonCall | None, command: Command, folder: Path) -> Iterator[Problem]:
    """Yields the problem of each required option that a command does not give.

    Args:
      call: the command's script and its arguments, if it starts one.
      command: the command.
      folder: where it would be started.
    """
    if call is None:
        return
    path = folder / call.script
    if command.open or is_open(call.script) or not call.script.endswith(".py") or not is_file(path):
        return
    typed = [word.text.partition("=")[0] for word in call.words if word.text.startswith("-")]
    word = next((word for word in command.words if word.text == call.script), None)
    place = word.span if word is not None else command.span
    for names, line in _required(path):
        if not any(_gives(flag, name) for flag in typed for name in names):
            text = f"{call.script}:{line} requires {names[-1]}, which the command does not give; the program stops"
            yield Problem("missing-option", text, Label(place), names[-1].lstrip("-"), help=f"add {names[-1]} VALUE")


def _gives(flag: str, name: str) -> bool:
    """Returns whether an argument is an option, or a beginning of its name, which argparse completes."""
    return flag == name or (len(flag) > 2 and flag.startswith("--") and name.startswith(flag))


@cached_per_check
def _required(path: Path) -> tuple[Option, ...]:
    try:
        data = read_regular(path, _MOST_BYTES)
    except OSError:
        return ()
    if b"required=True" not in data.replace(b" ", b"") or _PARTS in data:
        return ()
    tree = parse(data)
    if tree is None:
        return ()
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return tuple(_options(tree.body, {call.id for call in calls if isinstance(call, ast.Name)}))


def _options(body: Sequence[ast.stmt], called: set[str]) -> Iterator[Option]:
    """Yields the required options that every run of some statements declares."""
    for node in body:
        if (
            (isinstance(node, ast.FunctionDef) and node.name in called)
            or isinstance(node, ast.With)
            or (isinstance(node, ast.If) and _MAIN.search(ast.unparse(node.test)))
        ):
            yield from _options(node.body, called)
        elif isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call):
            option = _option(node.value)
            if option is not None:
                yield option


def _is_main(node: ast.stmt) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and _MAIN.search(ast.unparse(node.test)) is not None


def _option(node: ast.Call) -> Option | None:
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    names = tuple(literal_text(item) for item in node.args)
    required = any(
        item.arg == "required" and isinstance(item.value, ast.Constant) and item.value.value is True
        for item in node.keywords
    )
    plain = method == "add_argument" and required and bool(names) and all(name.startswith("-") for name in names)
    return (names, node.lineno) if plain else None
