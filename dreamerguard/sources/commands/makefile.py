"""Reads the commands in the recipes of Makefiles and justfiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .shell import read_shell
from .shell_values import Value

_VARIABLE = re.compile(r"^(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*(:{0,3}=|\?=|\+=)[ \t]*([^\n#]*)", re.MULTILINE)
_REFERENCE = re.compile(r"\$(?:\((\w+)\)|\{(\w+)\})")
_OF_TARGET = re.compile(r"^([\w.-]+)[ \t]*:[ \t]*([A-Za-z_]\w*)[ \t]*:?=[ \t]*([^\n#]*)", re.MULTILINE)
_WORD = re.compile(r"\w+")
_MAX_VALUES = 8
_MAX_RECIPES = 2_000
_MAX_LENGTH = 2_000
_RECIPE = re.compile(r"^(?P<indent>\t|[ ]{2,})(?P<prefix>[@+-]*)", re.MULTILINE)
#: ``{{name}}`` of a justfile; ``just`` fills it in.
_BRACES = re.compile(r"\{\{[^{}\n]*\}\}")


def read_makefile(source: Source) -> list[Command]:
    """Returns the commands of all recipe lines. A variable with several values gives a command for each."""
    choices = _variables(source.text)
    own = _of_targets(source.text)
    found: dict[tuple[tuple[str, int], ...], Command] = {}
    end = 0
    for match in islice(_RECIPE.finditer(source.text), _MAX_RECIPES):
        if match.start() < end:
            continue  # continues the previous recipe line
        end = _end_of_recipe(source.text, match.end())
        if _BRACES.search(source.text, match.end(), end):
            continue
        names = set(_WORD.findall(source.text, match.end(), end))
        used = {name: choices[name] for name in names & choices.keys()}
        target = own.get(_target(source.text, match.start()), {}) if own else {}
        for variables in _combined(used):
            for command in read_shell(source, match.end(), end, "make", {**variables, **target}):
                found.setdefault(tuple((word.text, word.span.start) for word in command.words), command)
    return list(found.values())


def _variables(text: str) -> dict[str, list[str | None]]:
    """Returns the values that each variable may have, in the order of the file."""
    found: dict[str, list[str | None]] = {}
    for match in _VARIABLE.finditer(text):
        name, operator = match[1], match[2]
        value = _filled(match[3].strip(), found)
        before = found.get(name, [])
        if operator == "+=":
            found[name] = [_longer(item, value) for item in before or [""]]
        elif operator != "?=" or not before:
            found[name] = list(dict.fromkeys([*before, value]))[:_MAX_VALUES]
    return found


def _longer(before: str | None, value: str | None) -> str | None:
    known = before is not None and value is not None and len(before) < _MAX_LENGTH
    return f"{before} {value}" if known else None


def _filled(value: str, known: dict[str, list[str | None]]) -> str | None:
    """Returns a value with the variables in it that have one value; None if something else is in it."""
    if "\\" in value:
        return None
    missing = False

    def fill(match: re.Match[str]) -> str:
        nonlocal missing
        values = known.get(match[1] or match[2], [])
        missing |= len(values) != 1 or values[0] is None
        return (values[0] or "") if values else ""

    text = _REFERENCE.sub(fill, value)
    return None if missing or "$" in text or len(text) > _MAX_LENGTH else text


def _combined(choices: dict[str, list[str | None]]) -> Iterator[dict[str, Value]]:
    """Yields the values of all variables: each of those that one variable may have, the others with their last one."""
    last: dict[str, Value] = {name: values[-1] for name, values in choices.items()}
    yield last
    varied = [(name, value) for name, values in choices.items() for value in values[:-1]]
    for name, value in varied[:_MAX_VALUES]:
        yield {**last, name: value}


def _of_targets(text: str) -> dict[str, dict[str, Value]]:
    """Returns the variables that hold for one target: ``fast: RATIO = 1``."""
    found: dict[str, dict[str, Value]] = {}
    for match in _OF_TARGET.finditer(text):
        value = match[3].strip()
        found.setdefault(match[1], {})[match[2]] = None if set(value) & set("$\\") else value
    return found


def _target(text: str, at: int) -> str:
    """Returns the name of the target above a recipe line."""
    line = at
    while line > 0:
        start = text.rfind("\n", 0, line - 1) + 1
        if text[start : start + 1] not in ("\t", " ", "\n", "\r", "#"):
            return text[start:line].partition(":")[0].strip()
        if at - start > _MAX_LENGTH:
            break
        line = start
    return ""


def _end_of_recipe(text: str, at: int) -> int:
    while True:
        stop = text.find("\n", at)
        if stop < 0:
            return len(text)
        if not text[at:stop].rstrip("\r").endswith("\\"):
            return stop
        at = stop + 1
