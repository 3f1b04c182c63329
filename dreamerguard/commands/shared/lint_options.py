"""The options of ``dreamerguard lint`` as data, and a quick reader of them.

Typer loads pydantic to read any option, which takes longer than linting. So the usual command lines are read here, and
whatever is unusual (``--help``, a wrong value, completion) goes the long way through Typer, which also explains what is
wrong. A test holds both ways against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any

from dreamerguard.core.model import Confidence, Severity
from dreamerguard.programs.native.arguments import OPTIONS
from dreamerguard.sources.argv import Option, Override, read_arguments, read_command
from dreamerguard.util.fast_dataclass import dataclass


class OutputFormat(StrEnum):
    """Formats of the report."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    JSONL = "jsonl"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"


#: Values that some options are limited to.
_CHOICES: dict[str, frozenset[str]] = {
    "output_format": frozenset(OutputFormat),
    "min_severity": frozenset(Severity),
    "min_confidence": frozenset(Confidence),
}


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What the user asked of the command, apart from the run itself. Tuples gather repeated, comma-separated names."""

    output_format: str = "full"
    output: str | None = None
    explain_budget: bool = False
    this_machine: bool = False
    dialect: str | None = None
    probe: bool = False
    probe_env: str | None = None
    list_rules: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    min_severity: str | None = None
    min_confidence: str | None = None
    config_file: str | None = None
    no_config: bool = False
    baseline: str | None = None
    write_baseline: bool = False
    prune_baseline: bool = False
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    exit_zero: bool = False


#: Options that set something in the run. They are read with the run's words.
_OF_THE_RUN = ("task", "edition", "size")
_FIELDS = {f"--{item.name.replace('_', '-')}": item for item in fields(LintOptions)}


def read_options(words: Sequence[str]) -> LintOptions | None:
    """The options among the words of a command; none where the long way has to look at them."""
    if "-h" in words:
        return None
    given: dict[str, Any] = {}
    for item in read_arguments(read_command(words).words, OPTIONS):
        if isinstance(item, Override) and (item.key == "help" or (item.key in _OF_THE_RUN and item.value is None)):
            return None
        if isinstance(item, Option) and item.name in _FIELDS and not _take(given, item):
            return None
    return LintOptions(**given)


def _take(given: dict[str, Any], item: Option) -> bool:
    """Notes an option; false when its value is missing or wrong."""
    field = _FIELDS[item.name]
    if isinstance(field.default, bool):
        given[field.name] = True
        return item.value is None
    if item.value is None or item.value not in _CHOICES.get(field.name, frozenset({item.value})):
        return False
    many = isinstance(field.default, tuple)
    given[field.name] = (*given.get(field.name, ()), *split(item.value)) if many else item.value
    return True


def split(text: str) -> tuple[str, ...]:
    """The names in a comma-separated list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
