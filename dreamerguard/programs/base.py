"""What a dialect has to offer.

A dialect is one program with its own keys, presets and order of layers. It recognises its command lines and turns one
into a `ResolvedRun`, the only thing that rules see. A new dialect is a new module here; nothing else changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dreamerguard.core.machine import Machine
    from dreamerguard.core.run import ResolvedRun
    from dreamerguard.programs.shared.preset_file import PresetFile
    from dreamerguard.sources.argv import Command


class Dialect(Protocol):
    """One supported program."""

    @property
    def name(self) -> str:
        """Short name, as reports show it."""

    def detect(self, command: Command, folder: Path) -> str | None:
        """Why the command is one of this program's, for people; none when it is not.

        Args:
          command: the whole command line.
          folder: where it would be started; files there may tell programs with equal names apart.
        """

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """What the program would run.

        Args:
          command: the whole command line.
          machine: facts about the machine that the run is meant for.
          folder: where the command would be started; paths in it are relative to this.

        Raises:
          SourceError: a file of the command cannot be read.
        """


class PresetDialect(Dialect, Protocol):
    """A program that keeps defaults and presets in one file, which can be checked by itself."""

    def presets(self, path: Path, name: str) -> PresetFile | None:
        """The file, if it holds this program's presets. Raises `SourceError` when it cannot be read."""

    def resolve_presets(self, file: PresetFile, machine: Machine) -> list[ResolvedRun]:
        """What the program would run with each preset alone, in the order of the file; places point into the file."""
