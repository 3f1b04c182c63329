"""Follows an object of settings through assignments and calls, to the names that it has elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .file_facts import FileFacts
from .names import is_run_config

#: Steps from one function to the next that are followed.
_STEPS = 2000


def find_carriers(
    first: Iterable[str], facts_of: Callable[[str], FileFacts | None], defining: Callable[[str], Iterable[str]]
) -> dict[str, set[str]]:
    """Returns file -> names there that may hold all settings, without those that are named like settings.

    Args:
      first: files that have a name of settings.
      facts_of: the facts of a file.
      defining: files that define a function or class.
    """
    found: dict[str, set[str]] = {}
    queue, done = list(first), set[tuple[str, str, str]]()
    for _ in range(_STEPS):
        if not queue:
            break
        file = queue.pop()
        names, facts = found.setdefault(file, set()), facts_of(file)
        if facts is None:
            continue
        _assigned(facts, names)
        for called, place in _forwarded(facts, names):
            for other in defining(called):
                if (called, place, other) not in done:
                    done.add((called, place, other))
                    queue += _bound(called, place, other, facts_of(other), found)
    return found


def _forwarded(facts: FileFacts, names: set[str]) -> Iterator[tuple[str, str]]:
    for called, place, source in facts.forwards:
        if source in names or is_run_config(source):
            yield called, place


def _bound(called: str, place: str, file: str, facts: FileFacts | None, found: dict[str, set[str]]) -> Iterator[str]:
    """Adds the parameter of a function to the carriers of its file; yields the file if that is new."""
    for function, where, parameter in facts.functions if facts is not None else ():
        name = parameter.lstrip("_")
        if (function, where) == (called, place) and not is_run_config(name):
            names = found.setdefault(file, set())
            if name not in names:
                names.add(name)
                yield file


def _assigned(facts: FileFacts, names: set[str]) -> None:
    """Adds the names that get their value from a carrier."""
    left = set(facts.flows)
    while True:
        new = {item for item in left if item[1] in names or is_run_config(item[1])}
        if not new:
            return
        left -= new
        names |= {target for target, _ in new if target and not is_run_config(target)}
