"""Commands in Python files: lists and texts that start a program, and configurations and sweeps that are set in code.

Words for a program in the same process count too: ``sys.argv = [...]``, ``main([...])``.

Only literals are read, and nothing is executed. Whatever is not literal becomes `UNKNOWN`. A configuration that is made
from danijar/dreamerv3's presets and ``update`` becomes the command that sets the same values, with its places in the
file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.python.python_files import parse

from .noted import read_docstring
from .noted_lines import documents_commands
from .python_argv import given_words
from .python_commands import is_worth_reading, python_commands
from .python_configured import configured
from .python_paths import single_values
from .python_places import Places
from .python_started import is_literal, is_start, started
from .python_sweeps import function_sweeps
from .rllib import read_rllib
from .shell import read_shell

_TRAINS = re.compile(r"dreamer|sheeprl|logdir", re.IGNORECASE)


def read_python(source: Source) -> list[Command]:
    """Returns the commands that a Python file starts, and the configurations that it sets, in the order of the file."""
    tree = parse(source.text) if documents_commands(source.text) else None
    documented = read_docstring(source, tree, Places(source)) if tree is not None else []
    return [*documented, *python_commands(source, read_shell)]


def read_configurations(source: Source) -> list[Command]:
    """Returns only the configurations that a Python file sets in code."""
    tree = parse(source.text) if is_worth_reading(source.text) else None
    places = Places(source)
    return [*configured(tree, places), *read_rllib(tree, places)] if tree is not None else []


def read_given_words(source: Source) -> list[Command]:
    """Returns only the commands that stand for words that a Python file gives to a program in its own process."""
    tree = parse(source.text) if is_worth_reading(source.text) else None
    return list(given_words(tree, Places(source))) if tree is not None else []


def read_starts(source: Source) -> list[Command]:
    """Returns only the commands that a Python file starts in a process of their own."""
    tree = parse(source.text) if is_worth_reading(source.text) else None
    return list(started(tree, Places(source), read_shell)) if tree is not None else []


def unread_launches(source: Source) -> Iterator[tuple[int, str]]:
    """Yields lines that start or configure a training run in ways that are not literal, and what each one does."""
    tree = parse(source.text) if _TRAINS.search(source.text) and is_worth_reading(source.text) else None
    values = single_values(tree) if tree is not None else {}
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Call) or not is_start(node) or not node.args:
            continue
        given = node.args[0]
        if not is_literal(values.get(given.id, given) if isinstance(given, ast.Name) else given):
            yield node.lineno, "starts a program with arguments that are not literal"
    for line in function_sweeps(tree, Places(source)) if tree is not None else ():
        yield line, "is a sweep that starts a function, so its parameters were not judged"


def unread_values(command: Command) -> Iterator[str]:
    """Yields the places of the words of a command that are not literal, each with the option in front of it."""
    option = ""
    for word in command.words:
        option = word.text.partition("=")[0] if word.text.startswith("-") else option
        if UNKNOWN in word.text:
            yield f"{word.span.source.name}:{word.span.line} {option or 'an argument'} is not literal"
            option = ""
