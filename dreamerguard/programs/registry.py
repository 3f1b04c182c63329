"""Finds the training program of a command or a log. A program is imported only when it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from dreamerguard.core.programs import SUPPORTED

if TYPE_CHECKING:
    from dreamerguard.core.log_format import LogLayout
    from dreamerguard.sources.argv import Command

    from .interface import Program


class UnknownProgram(LookupError):
    """No supported program recognises the command."""

    def __init__(self, program: str) -> None:
        super().__init__(f"unrecognised training program: {program}")
        self.program = program


def programs() -> Iterator[Program]:
    """Yields every supported program, the most specific first."""
    for entry in SUPPORTED:
        yield load_program(entry.name)


@cache
def load_program(name: str) -> Program:
    """Returns the program of a name in the registry: ``PROGRAM`` in ``programs/<name>/program.py``."""
    program: Program = import_module(f"dreamerguard.programs.{name}.program").PROGRAM
    return program


@cache
def log_layouts() -> tuple[LogLayout, ...]:
    """Returns the log layout of each program with logs: ``LAYOUT`` in ``programs/<name>/log_layout.py``."""
    names = (entry.name for entry in SUPPORTED if entry.logs)
    return tuple(import_module(f"dreamerguard.programs.{name}.log_layout").LAYOUT for name in names)


def environment_maker(name: str) -> Path | None:
    """Returns the file that makes a program's environment for the environment probe; None if the program has no file.

    The file runs in the Python of the training program, so it is not imported here.
    """
    path = Path(__file__).parent / name / "make_env.py"
    return path if path.is_file() else None


def recognise(command: Command, folder: Path) -> tuple[Program, str]:
    """Returns the program of a command started in a folder, and the reason why it was recognised.

    Raises:
      UnknownProgram: no program recognises it.
    """
    for program in programs():
        reason = program.detect(command, folder)
        if reason is not None:
            return program, reason
    raise UnknownProgram(_started([word.text for word in command.words if "=" not in word.text]))


def _started(words: list[str]) -> str:
    """Returns the part of a command that names what it starts: ``python train.py``, ``python -m package.train``."""
    if not words or not PurePath(words[0]).name.startswith("python"):
        return words[0] if words else "''"
    first = next((at for at, word in enumerate(words[1:], 1) if not word.startswith("-") or word == "-m"), 1)
    return " ".join([words[0], *words[first : first + (2 if words[first : first + 1] == ["-m"] else 1)]])


def by_name(command: Command, name: str) -> tuple[Program, str]:
    """Returns the program with a name (``danijar:2023`` with an edition), and the reason, for a command it can read.

    Raises:
      UnknownProgram: there is no such program or edition, or it cannot read the command.
    """
    base, _, edition = name.partition(":")
    if base not in program_names():
        raise UnknownProgram(name)
    program = load_program(base)
    if edition and edition not in program.editions:
        raise UnknownProgram(name)
    if not program.can_read(command):
        raise UnknownProgram(command.source.text)
    return (program.of_edition(edition) if edition else program), "as requested"


def program_names() -> tuple[str, ...]:
    """Returns the names of the supported programs."""
    return tuple(entry.name for entry in SUPPORTED)


def edition_names() -> tuple[str, ...]:
    """Returns ``program:edition`` for every edition of every program."""
    return tuple(f"{program.name}:{edition}" for program in programs() for edition in program.editions)
