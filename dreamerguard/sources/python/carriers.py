"""Follows an object of settings through assignments and calls, to the names that it has elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from .file_facts import FileFacts
from .names import is_run_config


def find_carriers(
    first: Iterable[str], facts_of: Callable[[str], FileFacts | None], defining: Callable[[str], Iterable[str]]
) -> dict[str, set[str]]:
    """Returns file -> names there that may hold all settings, without those that are named like settings.

    Args:
      first: files that have a name of settings.
      facts_of: the facts of a file.
      defining: files that define a function or class.
    """
    search = _Search(facts_of, defining)
    for file in first:
        search.open(file)
    while search.queue:
        search.step(*search.queue.pop())
    return search.found


class _File:
    """The facts of a file by the names that they are looked up with."""

    def __init__(self, facts: FileFacts | None) -> None:
        self.targets: dict[str, list[str]] = defaultdict(list)
        self.calls: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.parameters: dict[tuple[str, str], list[str]] = defaultdict(list)
        if facts is None:
            return
        for target, source in facts.flows:
            self.targets[source].append(target)
        for called, place, source in facts.forwards:
            self.calls[source].append((called, place))
        for called, place, name in facts.functions:
            self.parameters[called, place].append(name)


class _Search:
    def __init__(self, facts_of: Callable[[str], FileFacts | None], defining: Callable[[str], Iterable[str]]) -> None:
        self.facts_of = facts_of
        self.defining = defining
        self.files: dict[str, _File] = {}
        self.found: dict[str, set[str]] = {}
        self.queue: list[tuple[str, str]] = []
        self.called: set[tuple[str, str]] = set()

    def open(self, file: str) -> _File:
        """Reads a file; its own names of settings are followed too."""
        if file not in self.files:
            self.found[file] = set()
            read = self.files[file] = _File(self.facts_of(file))
            self.queue += [(file, name) for name in {*read.targets, *read.calls} if is_run_config(name)]
        return self.files[file]

    def step(self, file: str, name: str) -> None:
        """Follows one name of one file."""
        read = self.files[file]
        for target in read.targets.get(name, ()):
            self._add(file, target)
        for call in read.calls.get(name, ()):
            if call not in self.called:
                self.called.add(call)
                self._bind(call)

    def _bind(self, call: tuple[str, str]) -> None:
        for file in self.defining(call[0]):
            for parameter in self.open(file).parameters.get(call, ()):
                self._add(file, parameter)

    def _add(self, file: str, name: str) -> None:
        if name and name not in self.found[file] and not is_run_config(name):
            self.found[file].add(name)
            self.queue.append((file, name))
