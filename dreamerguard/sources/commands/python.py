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


def read_script(source: Source) -> tuple[list[Command], Command | None]:
    """Returns the configurations that a Python file sets in code and, without one, the command that it stands for.

    That is the first whose words it gives to a program in its own process, or the only one that it starts in another.
    """
    tree = parse(source.text) if is_worth_reading(source.text) else None
    if tree is None:
        return [], None
    places = Places(source)
    configurations = [*configured(tree, places), *read_rllib(tree, places)]
    if configurations:
        return configurations, None
    given = next(given_words(tree, places), None)
    if given is not None or not _TRAINS.search(source.text):
        return [], given
    starts = {tuple(word.text for word in item.words): item for item in started(tree, places, read_shell)}
    return [], next(iter(starts.values())) if len(starts) == 1 else None


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
