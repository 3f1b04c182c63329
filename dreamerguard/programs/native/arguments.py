"""Reads the command line of ``dreamerguard train`` and ``dreamerguard lint``: tasks, files, overrides and options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePath

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command, Option, Override, Word, read_arguments
from dreamerguard.util.fast_dataclass import dataclass

from .options import LintOptions, TrainOptions, takes_value, typed_names

PROGRAM = "dreamerguard"

_TRAIN = {name: takes_value(option) for name, option in typed_names(TrainOptions).items()}
#: Options of each command that set nothing in the run -> whether they take a value. ``lint`` accepts those of
#: ``train``, so that the arguments of a training command can be linted as they are.
OPTIONS = {
    "train": _TRAIN,
    "lint": {**_TRAIN, **{name: takes_value(option) for name, option in typed_names(LintOptions).items()}},
}

#: Options that are short names of settings.
_SHORT = {
    "max-unsaved": "checkpoint.max_unsaved",
    "max_unsaved": "checkpoint.max_unsaved",
    "devices": "runtime.devices",
}

_SUFFIXES = {".yaml", ".yml", ".json"}


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a command of the bundled trainer, sorted by kind."""

    tasks: tuple[Word, ...]
    files: tuple[Word, ...]
    overrides: tuple[Override, ...]
    options: tuple[Option, ...]

    @property
    def problems(self) -> Iterator[Problem]:
        """Problems: overrides without a value, and a second task."""
        for override in self.overrides:
            if override.value is None:
                yield Problem(
                    "malformed-override",
                    f"{override.key} has no value",
                    Label(override.span, "needs a value"),
                    key=override.key,
                    help=f"write {override.key}=VALUE; a boolean is {override.key}=true or {override.key}=false",
                )
        for word in self.tasks[1:]:
            if not (word.known and self.tasks[0].known):
                continue
            yield Problem(
                "malformed-override",
                f"{word.text!r} is a second task; a run has exactly one",
                Label(word.span, "neither key=value nor a .yaml file"),
                secondary=(Label(self.tasks[0].span, "the first task"),),
                help="settings are written key=value",
            )


def start_of_arguments(command: Command) -> int | None:
    """Returns the index of the first argument after ``dreamerguard train`` or ``lint``; None for other programs."""
    texts = [word.text for word in command.words]
    for index, (program, name) in enumerate(pairwise(texts)):
        if PurePath(program).name == PROGRAM and name in OPTIONS:
            return index + 2
    return None


def read_native(command: Command) -> Arguments:
    """Sorts the arguments after the command's name."""
    start = start_of_arguments(command) or 0
    known = OPTIONS[command.words[start - 1].text if start else "lint"]
    arguments = list(read_arguments(command.words[start:], known))
    words = [item for item in arguments if isinstance(item, Word)]
    options = tuple(item for item in arguments if isinstance(item, Option))
    named = [Word(item.value, item.span, start) for item in options if item.name == "--config" and item.value]
    files = [*named, *(word for word in words if names_file(word.text))]
    return Arguments(
        tasks=tuple(word for word in words if not names_file(word.text)),
        files=tuple(sorted((word for word in files if word.known), key=lambda word: word.span.start)),
        overrides=tuple(_in_full(item) for item in arguments if isinstance(item, Override)),
        options=options,
    )


def _in_full(override: Override) -> Override:
    full = _SHORT.get(override.key) if override.span.text.startswith("--") else None
    return override if full is None else replace(override, key=full)


def names_file(text: str) -> bool:
    """Returns whether an argument has the form of a file name. Task names may hold a slash: ``bsuite_catch/0``."""
    return text.startswith((".", "/", "~")) or "\\" in text or PurePath(text).suffix.lower() in _SUFFIXES
