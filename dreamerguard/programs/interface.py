"""The interface of a training program.

A program is one folder beside this file and one line in ``dreamerguard/core/programs.py``. The folder holds

- ``program.py`` with ``PROGRAM``, an instance of `Program`: recognises its commands, resolves its configuration layers,
  lists its keys, and knows its log directory and the published settings of its tasks;
- ``log_layout.py`` with ``LAYOUT``, a `dreamerguard.core.log_format.LogLayout`: the layout of its logs, unless the line
  says ``logs=False``;
- ``make_env.py``, optional: makes its environment in the Python of the training program, see
  `registry.environment_maker`.

``tests/programs/test_conformance.py`` checks that every program follows this interface.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamerguard.core.source import Value

if TYPE_CHECKING:
    from dreamerguard.core.machine import Machine
    from dreamerguard.core.run import ResolvedRun
    from dreamerguard.sources.argv import Command

    from .shared.preset_file import PresetFile
    from .shared.reached_code import ReachedCode


@dataclass(frozen=True, slots=True)
class PublishedSettings:
    """Published settings of a task, for a comparison with the stored configuration of a run.

    Attributes:
      title: name of the source, for people.
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
      folder: folder in which it starts; None for the root of the repository.
    """

    words: tuple[str, ...]
    folder: Path | None


class Program(ABC):
    """One supported training program.

    Attributes:
      name: its name in ``core/programs.py``.
      editions: editions that an option can name, as in ``danijar:2023``.
    """

    name: str
    editions: tuple[str, ...] = ()

    @abstractmethod
    def detect(self, command: Command, folder: Path) -> str | None:
        """Returns the reason why the command starts this program, for people; None if it does not.

        Args:
          command: the whole command line.
          folder: folder in which it would start; files there may distinguish programs with equal names.
        """

    @abstractmethod
    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Returns the run that the command would start.

        Args:
          command: the whole command line.
          machine: facts about the machine that the run is meant for.
          folder: folder in which the command would start; its relative paths refer to it.

        Raises:
          SourceError: a file of the command cannot be read.
        """

    def with_sweep(self, command: Command, folder: Path) -> Command:
        """Returns the command with the axes of the sweep that it starts; by default unchanged.

        Args:
          command: the whole command line.
          folder: folder in which it would start.
        """
        return command

    def runs_in(self, code: ReachedCode) -> str | None:
        """Returns why code that a script runs is this program, although its command is not this program's; else None.

        Args:
          code: the script and the files that it imports.
        """
        return None

    def can_read(self, command: Command) -> bool:
        """Returns whether this program can resolve a command that it did not recognise."""
        return True

    def of_edition(self, edition: str) -> Program:
        """Returns this program, fixed to one of its editions."""
        raise ValueError(f"{self.name} has no edition {edition!r}")

    def presets(self, path: Path, name: str) -> PresetFile | None:
        """Returns the preset file if it holds presets of this program; otherwise None. Presets can be linted alone.

        Raises:
          SourceError: the file cannot be read.
        """
        return None

    def resolve_presets(self, file: PresetFile, blocks: Collection[str], machine: Machine) -> Iterator[ResolvedRun]:
        """Yields the run that each of some presets alone would start; places point into the file."""
        yield from ()

    def shipped_presets(self, edition: str) -> tuple[str, ...]:
        """Returns the names of the presets that upstream ships in an edition, for a checkout that cannot be read."""
        return ()

    def resolve_stored(self, path: Path, name: str, machine: Machine) -> ResolvedRun | None:
        """Returns the run that a program stored as a resolved configuration; None if the file is not one of its own.

        Args:
          path: path of the file.
          name: its name in findings.
          machine: facts about the machine that the run is meant for.
        """
        return None

    def file_commands(self, path: Path, name: str, text: str) -> Iterator[FileCommand]:
        """Yields the commands that use a configuration file of this program; no command for other files.

        Args:
          path: path of the file.
          name: its path relative to the repository, with slashes.
          text: its content.
        """
        yield from ()

    def log_directory(self, run: ResolvedRun, named: str | None) -> str | None:
        """Returns the log directory of a run; None if it is unknown. Parts in braces are not known before the start.

        Args:
          run: the resolved run.
          named: value of an option ``logdir`` in the command.
        """
        found = run.settings.get("logdir")
        return found.value if found is not None and isinstance(found.value, str) else named

    def published_settings(
        self, stored: Mapping[str, Any], task: str, suite: str, edition: str
    ) -> PublishedSettings | None:
        """Returns the published settings for the run of a stored configuration; None if no settings are comparable."""
        return None
