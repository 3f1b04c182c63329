"""Options at which the script's own parser stops: those that it requires, and those that it does not declare."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.names import code_of, last_name, literal_text
from dreamerguard.sources.python.parsers import ADDED
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.hints import did_you_mean, nearest
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

from .python_call import PythonCall, is_open

_MOST_BYTES = 1 << 18
_MAIN = re.compile(r"\b__name__\b")
#: A method that makes parsers with options of their own, which only some commands reach.
_PARTS = b"add_subparsers"

#: Parsers that take options which the file does not name.
_OPEN = re.compile(
    rb"parse_known_args|parents\s*=|prefix_chars|\bFlags\(|add_subparsers|argcomplete|sys\.argv\s*(?:=|\[:\]|\.)"
)
_OPTION = re.compile(r"--[A-Za-z][\w-]*")
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


def undeclared_options(call: PythonCall | None, folder: Path) -> Iterator[Problem]:
    """Yields the problem of each typed option that the only parser of a script does not declare.

    Nothing is said where other code gets the parser, or where options have names that are not literal.

    Args:
      call: the command's script and its arguments, if it starts one.
      folder: where it would be started.
    """
    path = folder / call.script if call is not None else folder
    if call is None or is_open(call.script) or not call.script.endswith(".py") or not is_file(path):
        return
    declared = _declared(path)
    if declared is None:
        return
    for word in call.words:
        flag = word.text.partition("=")[0]
        if not _OPTION.fullmatch(flag) or any(name.startswith(flag) for name in declared):
            continue
        near = nearest(flag, declared)
        text = f"{call.script} does not declare {flag}{did_you_mean(near[0] if near else None)}; the program stops"
        yield Problem("undeclared-option", text, Label(word.span), flag.lstrip("-"), help=f"see {call.script} --help")


@cached_per_check
def _declared(path: Path) -> tuple[str, ...] | None:
    """Returns the long options of a script with one strict parser; None where they are not all known."""
    try:
        data = read_regular(path, _MOST_BYTES)
    except OSError:
        return None
    if data.count(b"ArgumentParser(") != 1 or b"parse_args(" not in data or _OPEN.search(data):
        return None
    tree = parse(data)
    names = ["--help"]
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Call):
            continue
        method = last_name(node.func)
        if method == "add_argument":
            texts = [literal_text(item) for item in node.args]
            if not all(texts):
                return None
            names += [text for text in texts if text.startswith("--")]
            names += [f"--no-{text[2:]}" for text in texts if text.startswith("--")]
        elif method in ADDED:
            names += [f"--{name}" for name in ADDED[method]]
        elif any("parser" in last_name(item).lower() for item in node.args):
            return None  # another function may add options
    return tuple(names) if tree is not None else None


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
        if isinstance(node, ast.With | ast.FunctionDef | ast.If) and _always_runs(node, called):
            yield from _options(node.body, called)
        elif isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call):
            option = _option(node.value)
            if option is not None:
                yield option


def _always_runs(node: ast.With | ast.FunctionDef | ast.If, called: set[str]) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name in called
    return isinstance(node, ast.With) or _MAIN.search(code_of(node.test)) is not None


def _option(node: ast.Call) -> Option | None:
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    names = tuple(literal_text(item) for item in node.args)
    required = any(
        item.arg == "required" and isinstance(item.value, ast.Constant) and item.value.value is True
        for item in node.keywords
    )
    plain = method == "add_argument" and required and bool(names) and all(name.startswith("-") for name in names)
    return (names, node.lineno) if plain else None
