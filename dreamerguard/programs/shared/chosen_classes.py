"""Settings that name a class of the checkout, which reads settings that nothing declares when it is created."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.sources.python.firm_reads import read_by_constructor

from .checkout import PythonCheckout
from .preset_file import PresetFile

_CLASS = re.compile(r"[A-Z]\w*", re.ASCII)
#: ``getattr(behaviors, config.task_behavior)(``: the class that a setting names is created.
_CREATED = r"\bgetattr\(\s*[\w.]+\s*,\s*(?:self\.)?config\.%s\s*\)\s*\("
#: Attributes of a configuration itself, in ``elements.Config`` and ``embodied.Config``.
_OWN = frozenset({"flat", "mapping", "keys", "items", "values", "get", "update", "save", "load", "transform"})


def missing_in_classes(
    settings: Mapping[str, Setting], checkout: PythonCheckout | None, anchor: Span, file: PresetFile
) -> Iterator[Problem]:
    """Yields the problem of a class that a setting names and that reads a setting which no file mentions.

    Args:
      settings: of the run.
      checkout: the checkout with the class.
      anchor: place of the command.
      file: the file of presets.
    """
    if checkout is None:
        return
    for setting in settings.values():
        name, leaf = setting.value, setting.key.rpartition(".")[2]
        if not isinstance(name, str) or not _CLASS.fullmatch(name) or not _is_created(leaf, checkout):
            continue
        places = _near(checkout.index.defining(name), file, checkout)
        data = checkout.index.files[places[0]].data if len(places) == 1 else None
        for key, line in read_by_constructor(data, name).items() if data is not None else ():
            if key in _OWN or _is_mentioned(key, file, checkout):
                continue
            text = (
                f"{setting.key} is {name}, and {places[0]}:{line} reads {key}, which no block declares: "
                "the program stops"
            )
            help = f"add {key} to the defaults of {file.source.name}, or choose another {leaf}"
            yield Problem("missing-key", text, Label(setting.last.span or anchor), key, help=help)
            break


def _near(places: tuple[str, ...], file: PresetFile, checkout: PythonCheckout) -> tuple[str, ...]:
    """Returns the files in the folder of the presets or below it; all of them if the presets are elsewhere."""
    try:
        home = file.path.parent.absolute().relative_to(checkout.index.root.absolute()).as_posix()
    except ValueError:
        return places
    return tuple(place for place in places if home == "." or PurePosixPath(place).is_relative_to(home))


def _is_created(leaf: str, checkout: PythonCheckout) -> bool:
    created = re.compile((_CREATED % re.escape(leaf)).encode())
    return any(item.data is not None and created.search(item.data) for item in checkout.index.files.values())


def _is_mentioned(key: str, file: PresetFile, checkout: PythonCheckout) -> bool:
    """Returns whether a file of the checkout gives a key a value, or has its name in a text."""
    word = re.escape(key)
    if re.search(rf"(?<![\w#]){word}['\"]?\s*:", file.source.text):
        return True
    given = re.compile(rf"\b{word}\s*=(?!=)|['\"][^'\"\n]*\b{word}\b|\bdef\s+{word}\b".encode())
    return any(item.data is None or given.search(item.data) for item in checkout.index.files.values())
