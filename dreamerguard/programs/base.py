"""The interface of a training program.

A program is one folder beside this file and one line in ``dreamerguard/core/programs.py``. The folder holds

- ``program.py`` with ``PROGRAM``, an instance of `Program`: how its commands are recognised, how its configuration
  layers resolve, which keys it has, where it logs, what is published for its tasks;
- ``log_layout.py`` with ``LAYOUT``, a `dreamerguard.core.run_log.LogLayout`: how its logs are laid out;
- ``make_env.py``, optional: makes its environment in the program's own Python, see `registry.environment_maker`.

``tests/programs/test_conformance.py`` holds every program to this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamerguard.core.model import Value

if TYPE_CHECKING:
    from dreamerguard.core.machine import Machine
    from dreamerguard.core.run import ResolvedRun
    from dreamerguard.sources.argv import Command

    from .shared.preset_file import PresetFile


@dataclass(frozen=True, slots=True)
class PublishedSettings:
    """Settings that were published for a task, to compare a run's stored configuration with.

    Attributes:
      title: for people: where they stand.
      values: dotted key -> value.
      origins: key -> title and address of its source.
      ignored: beginnings of keys that do not change training.
    """

    title: str
    values: Mapping[str, Value]
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileCommand:
    """The command that uses a configuration file.

    Attributes:
      words: its arguments, the program first.
      folder: where it is started; None for the root of the repository.
    """

    words: tuple[str, ...]
    folder: Path | None


class Program(ABC):
    """One supported training program.

    Attributes:
      name: as in ``core/programs.py``.
      editions: editions that can be named, as in ``danijar:2023``.
    """

    name: str
    editions: tuple[str, ...] = ()

    @abstractmethod
    def detect(self, command: Command, folder: Path) -> str | None:
        """The reason why a command is one of this program's, for people; None if it is not.

        Args:
          command: the whole command line.
          folder: where it would be started; files there may tell programs with equal names apart.
        """

    @abstractmethod
    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """The run that the program would start.

        Args:
          command: the whole command line.
          machine: facts about the machine that the run is meant for.
          folder: where the command would be started; its relative paths begin there.

        Raises:
          SourceError: a file of the command cannot be read.
        """

    def can_read(self, command: Command) -> bool:
        """Whether a command that was not recognised can be resolved at all."""
        return True

    def of_edition(self, edition: str) -> Program:
        """This program, fixed to one of its editions."""
        raise ValueError(f"{self.name} has no edition {edition!r}")

    def presets(self, path: Path, name: str) -> PresetFile | None:
        """The file, if it holds this program's presets, which can be linted alone.

        Raises:
          SourceError: the file cannot be read.
        """
        return None

    def resolve_presets(self, file: PresetFile, machine: Machine) -> list[ResolvedRun]:
        """The run that each preset alone would start, in the order of the file; places point into the file."""
        return []

    def file_commands(self, path: Path, name: str, text: str) -> Iterator[FileCommand]:
        """Commands that stand for a configuration file of this program; none for other files.

        Args:
          path: of the file.
          name: its path relative to the repository, with slashes.
          text: its content.
        """
        yield from ()

    def log_directory(self, run: ResolvedRun, named: str | None) -> str | None:
        """The log directory of a run; parts in braces are not known before the start. None if it is unknown.

        Args:
          run: the resolved run.
          named: value of an option ``logdir`` in the command.
        """
        found = run.settings.get("logdir")
        return found.value if found is not None and isinstance(found.value, str) else named

    def published_settings(
        self, stored: Mapping[str, Any], task: str, suite: str, edition: str
    ) -> PublishedSettings | None:
        """Published settings for the run that a stored configuration describes; None where none can be compared."""
        return None
