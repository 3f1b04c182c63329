"""A quick reader of the options of ``dreamerguard lint``.

Typer loads pydantic to read any option, which takes longer than linting. So the usual command lines are read here.
Unusual ones (``--help``, a wrong value, completion) go through Typer, which also explains mistakes. A test compares
both readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field
from typing import Any

from dreamerguard.programs.native.arguments import OPTIONS
from dreamerguard.programs.native.options import LintOptions, gathers, options_of, takes_value, values
from dreamerguard.sources.argv import Option, Override, read_arguments, read_command

#: Options that set something in the run. They are read with the run's settings.
_OF_THE_RUN = ("task", "edition", "size")
_LINT = options_of(LintOptions)


def read_options(words: Sequence[str]) -> LintOptions | None:
    """The options among the arguments of ``lint``; None if Typer must read them."""
    if "-h" in words:
        return None
    given: dict[str, Any] = {}
    for item in read_arguments(read_command(words).words, OPTIONS["lint"]):
        if isinstance(item, Override) and (item.key == "help" or (item.key in _OF_THE_RUN and item.value is None)):
            return None
        if isinstance(item, Option) and item.name in _LINT and not _take(given, _LINT[item.name], item.value):
            return None
    return LintOptions(**given)


def _take(given: dict[str, Any], option: Field[Any], value: str | None) -> bool:
    """Notes an option; false if its value is missing or wrong."""
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
