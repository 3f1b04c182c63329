"""Recognises run files of the bundled trainer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from dreamerguard.util.hints import nearest

from .keys import NATIVE_RENAMES, is_free_key, native_keys

_TASK = re.compile(r"^[\"']?task[\"']?[ \t]*:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[\"']?([A-Za-z_]\w*)((?:\.\w+)*)[\"']?[ \t]*:", re.MULTILINE)
#: The comment that `dreamerguard init` writes for editors.
_SCHEMA = re.compile(r"^#.*\$schema=\S*dreamerguard", re.MULTILINE)
#: Keys that many other programs have too.
_COMMON = frozenset({"task", "seed", "seeds", "size", "suite", "purpose"})


def is_run_file(text: str) -> bool:
    """Returns whether a file is a run of the bundled trainer.

    Many programs have ``task``, ``run``, ``env`` or ``model``, so the names of top-level keys are not enough: the
    file must point to the trainer's schema or have the trainer's shape, see `_has_shape`.
    """
    match = _TASK.search(text)
    if match is None:
        return False
    sections = _sections()
    names = [name for name, _ in _TOP_LEVEL.findall(text)]
    if sum(name in sections for name in names) < 0.75 * len(names):
        return False
    return _SCHEMA.search(text) is not None or _has_shape(text, match[1])


def _has_shape(text: str, task: str) -> bool:
    """Returns whether the keys below the top level are the trainer's.

    With a known task, most keys must be the trainer's or nearly so. Otherwise all of them must be, and at least two;
    one is enough for a name that begins like a known task. A section is never a single value.
    """
    leaves = _leaves(text)
    if leaves is None:
        return False
    known = native_keys().keys() - _COMMON
    ours = [
        key
        for key in leaves
        if key in known or is_free_key(key) or (key in NATIVE_RENAMES and NATIVE_RENAMES[key].path in known)
    ]
    strange = [key for key in leaves if key not in ours and not _misspelt(key, known)]
    if _is_task(task):
        return not strange or len(strange) < len(ours)
    return not strange and len(ours) >= (1 if _has_known_prefix(task) else 2)


def _misspelt(key: str, known: Iterable[str]) -> bool:
    """Returns whether a key is nearly a key of the same section."""
    near = nearest(key, known)
    if not near or near[0].rpartition(".")[0] != key.rpartition(".")[0]:
        return False
    return bool(get_close_matches(key.rpartition(".")[2], [near[0].rpartition(".")[2]], cutoff=0.8))


def _sections() -> set[str]:
    return {key.partition(".")[0] for key in native_keys()}


def _is_task(name: str) -> bool:
    from dreamerguard.schema.suites import has_free_names
    from dreamerguard.schema.tasks import UnknownTask, find_task

    if has_free_names(name):
        return True
    try:
        find_task(name)
    except UnknownTask:
        return False
    return True


def _has_known_prefix(name: str) -> bool:
    """Returns whether a task is written like one of a known suite, so that it may be misspelled."""
    from dreamerguard.schema.tasks import prefixes

    return "_" in name and name.partition("_")[0] in prefixes()


def _leaves(text: str) -> list[str] | None:
    """Returns the dotted keys that have a value, without those of many programs; None if a section is a value.

    A common key counts if its value is none that the trainer knows: ``size: 64``.
    """
    from dreamerguard.core.source import Source
    from dreamerguard.sources.values.nodes import Mapping, Scalar
    from dreamerguard.sources.values.yaml import read_yaml

    root = read_yaml(Source("", text)).root
    keys = native_keys()
    groups = _sections() - keys.keys()
    leaves: list[str] = []
    pending = [("", root)] if root is not None else []
    while pending:
        prefix, mapping = pending.pop()
        for entry in mapping.entries:
            key, value = f"{prefix}{entry.name}", entry.value
            if isinstance(value, Mapping):
                pending.append((f"{key}.", value))
            elif key in groups:
                if not isinstance(value, Scalar) or value.value is not None:
                    return None
            elif key not in _COMMON:
                leaves.append(key)
            elif keys[key].choices and isinstance(value, Scalar) and not isinstance(value.value, str):
                leaves.append(f"{key}?")
    return leaves
