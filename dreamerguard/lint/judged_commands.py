"""Remembers the commands that were checked: one in several places is checked again to show its faults."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dreamerguard.core.result import Result
from dreamerguard.sources.argv import Command

#: The folder that a command starts in, its words, and the values that it takes in turn.
Key = tuple[str, ...]


def key_of(command: Command, folder: Path) -> Key:
    """Returns what makes two commands the same run, wherever they stand."""
    labels = (label for axis in command.axes for label in (axis.name, *axis.labels))
    return (str(folder), *(word.text for word in command.words), *labels)


class JudgedCommands:
    """Commands that were checked."""

    def __init__(self) -> None:
        self._places: dict[Key, set[tuple[str, int]]] = {}
        self._faulty: set[Key] = set()

    def is_new(self, key: Key, place: tuple[str, int]) -> bool:
        """Returns whether a command has to be checked, and notes it.

        Once is enough for one place. At another one the same command is checked again if findings blame its words.
        """
        places = self._places.setdefault(key, set())
        new = not places or (key in self._faulty and place not in places)
        places.add(place)
        return new

    def note(self, keys: Iterable[Key], results: Iterable[Result], file: str) -> None:
        """Notes commands of a file as faulty if findings blame words in that file."""
        if any(finding.primary.span.source.name == file for result in results for finding in result.findings):
            self._faulty.update(keys)
