"""A run file stays one while it is edited, although a half-typed key would hide what it is from `check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.result import Result
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import apply_suppressions, lint_without_suppressions
from dreamerguard.lint.rebase_paths import PathRebaser
from dreamerguard.lint.settings.model import Settings
from dreamerguard.sources.argv import Command, Word
from dreamerguard.sources.comments import is_yaml

_NATIVE = "native"


def was_run_file(source: Source, before: Sequence[Result]) -> bool:
    """Returns whether the last check of a file found a run of the bundled trainer in it."""
    return is_yaml(source) and bool(before) and before[0].dialect == _NATIVE


def check_run_file(source: Source, settings: Settings) -> tuple[Result, ...]:
    """Checks a file as ``dreamerguard lint FILE`` would in its folder; names are relative to the current folder."""
    path = Path(source.name)
    line = source.span(0, len(source.text.partition("\n")[0]))
    words = (Word(text, line, index) for index, text in enumerate(("dreamerguard", "lint", path.name)))
    command = Command(source, tuple(words))
    result = lint_without_suppressions(command, folder=path.parent, settings=settings)
    result = replace(result, run=replace(result.run, sources=(*result.run.sources, source)))
    return apply_suppressions((PathRebaser(source, path.parent, Path()).result(result),), settings)
