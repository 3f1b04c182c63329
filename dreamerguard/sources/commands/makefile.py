"""Reads the commands in the recipes of Makefiles and justfiles."""

from __future__ import annotations

import re

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .shell import read_shell
from .shell_variables import Value

_VARIABLE = re.compile(r"^(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*(::?=|=|:=|\?=|\+=)[ \t]*([^\n#]*)", re.MULTILINE)
_RECIPE = re.compile(r"^(?P<indent>\t|[ ]{2,})(?P<prefix>[@+-]*)", re.MULTILINE)
#: ``{{name}}`` of a justfile; ``just`` fills it in.
_BRACES = re.compile(r"\{\{[^{}\n]*\}\}")


def read_makefile(source: Source) -> list[Command]:
    """Returns the commands of all recipe lines. Variables with one literal value are known; ``?=`` is unknown."""
    variables = _variables(source.text)
    found: list[Command] = []
    at = 0
    for match in _RECIPE.finditer(source.text):
        if match.start() < at:
            continue  # continues the previous recipe line
        at = _end_of_recipe(source.text, match.end())
        if not _BRACES.search(source.text, match.end(), at):
            found += read_shell(source, match.end(), at, "make", variables)
    return found


def _variables(text: str) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for match in _VARIABLE.finditer(text):
        name, operator, value = match[1], match[2], match[3].strip()
        literal = operator not in ("?=", "+=") and "$" not in value and "\\" not in value and name not in found
        found[name] = value if literal else None
    return found


def _end_of_recipe(text: str, at: int) -> int:
    while True:
        stop = text.find("\n", at)
        if stop < 0:
            return len(text)
        if not text[at:stop].rstrip("\r").endswith("\\"):
            return stop
        at = stop + 1
