"""Reads the options of ``dreamerguard lint`` without Typer, to save time.

Typer loads pydantic to read any option, which takes longer than linting. So this module reads the usual command lines.
Typer reads the others (``--help``, a wrong value, completion) and explains errors. A test compares both readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field
from typing import Any

from dreamerguard.programs.native.arguments import OPTIONS
from dreamerguard.programs.native.options import LintOptions, gathers, takes_value, typed_names, values
from dreamerguard.sources.argv import Option, Override, read_arguments, read_command

#: Options that set a key of the run. They are read with the run's settings.
_RUN_OPTIONS = ("task", "edition", "size")
_LINT = typed_names(LintOptions)


def read_options(words: Sequence[str]) -> LintOptions | None:
    """Returns the options among the arguments of ``lint``; None if Typer must read them."""
    if "-h" in words:
        return None
    given: dict[str, Any] = {}
    for item in read_arguments(read_command(words).words, OPTIONS["lint"]):
        if isinstance(item, Override) and (item.key == "help" or (item.key in _RUN_OPTIONS and item.value is None)):
            return None
        if isinstance(item, Option) and item.name in _LINT and not _store(given, _LINT[item.name], item.value):
            return None
    return LintOptions(**given)


def _store(given: dict[str, Any], option: Field[Any], value: str | None) -> bool:
    """Stores an option in ``given``. Returns false if its value is missing or wrong."""
    choices = option.metadata["choices"]
    if not takes_value(option):
        given[option.name] = True
        return value is None
    if value is None or (choices is not None and value not in frozenset(choices)):
        return False
    if gathers(option):
        given[option.name] = (*given.get(option.name, ()), *values(option, value))
    else:
        given[option.name] = value if choices is None else choices(value)
    return True
