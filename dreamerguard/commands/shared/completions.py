"""What the shell offers behind TAB: tasks, suites, keys of a run, rules and files.

Each function takes the beginning of a word and returns the words that complete it. Typer calls them while the shell
waits, so they read small tables and import nothing large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

#: A function of a beginning that returns whole words.
Complete = Callable[[str], list[str]]


def tasks(incomplete: str) -> list[str]:
    """Returns tasks; without a beginning, the prefixes of the suites, because there are hundreds of tasks."""
    from dreamerguard.schema.suites import SUITES
    from dreamerguard.schema.tasks import task_names

    free = [f"{suite.prefix}:" for suite in SUITES if suite.separator == ":"]
    known = [*task_names(), *free]
    if not incomplete:
        return sorted({f"{name.split('_', 1)[0]}_" for name in known if "_" in name} | set(free))
    return _starting(known, incomplete)


def suites(incomplete: str) -> list[str]:
    """Returns suites."""
    from dreamerguard.schema.tasks import suite_names

    return _starting(suite_names(), incomplete)


def keys(incomplete: str) -> list[str]:
    """Returns keys of a run with ``=`` behind them, and of a key with a closed list of values the whole settings."""
    from dreamerguard.schema.key_table import key_rows

    key, equals, _ = incomplete.partition("=")
    row = key_rows().get(key)
    if equals and row is not None:
        return _starting([f"{key}={value}" for value in row.get("choices", ())], incomplete)
    return _starting([f"{name}=" for name in key_rows()], incomplete)


def rules(incomplete: str) -> list[str]:
    """Returns rules; behind a comma, further ones."""
    from dreamerguard.rules import all_rules

    first, comma, last = incomplete.rpartition(",")
    return [f"{first}{comma}{name}" for name in _starting([rule.name for rule in all_rules()], last)]


def run_words(incomplete: str) -> list[str]:
    """Returns what ``lint`` and ``train`` take: tasks, keys and YAML files."""
    return [*tasks(incomplete), *(keys(incomplete) if incomplete else []), *_files(incomplete, (".yaml", ".yml"))]


def explained(incomplete: str) -> list[str]:
    """Returns what ``explain`` takes: rules, keys and tasks."""
    names = [word.rstrip("=") for word in keys(incomplete)] if incomplete else []
    return [*rules(incomplete), *names, *(tasks(incomplete) if incomplete else [])]


#: Name in the tables of options -> function.
COMPLETIONS: dict[str, Complete] = {"rules": rules, "suites": suites, "tasks": tasks}


def offer(complete: Complete) -> Any:
    """Returns a function for Typer's ``autocompletion=``. A failure offers nothing: TAB must never print an error."""

    def complete_word(incomplete: str) -> list[str]:
        try:
            return complete(incomplete)
        except Exception:
            return []

    return complete_word


def _starting(words: Iterable[str], start: str) -> list[str]:
    return sorted(dict.fromkeys(word for word in words if word.startswith(start)))


def _files(start: str, suffixes: tuple[str, ...]) -> list[str]:
    """Returns files with these suffixes, and folders, that begin like this."""
    folder, slash, name = start.rpartition("/")
    shown = f"{folder}{slash}"
    found = [item for item in Path(shown or ".").iterdir() if item.name.startswith(name)]
    found = [item for item in found if name.startswith(".") or not item.name.startswith(".")]
    words = [f"{shown}{item.name}/" if item.is_dir() else f"{shown}{item.name}" for item in found]
    return sorted(word for word in words if word.endswith(("/", *suffixes)))
