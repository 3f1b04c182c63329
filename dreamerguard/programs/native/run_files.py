"""Recognises run files of the bundled trainer."""

from __future__ import annotations

import re

from .keys import native_keys

_TASK = re.compile(r"^[\"']?task[\"']?[ \t]*:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[\"']?([A-Za-z_]\w*)((?:\.\w+)*)[\"']?[ \t]*:", re.MULTILINE)
#: The comment that `dreamerguard init` writes for editors.
_SCHEMA = re.compile(r"^#.*\$schema=\S*dreamerguard", re.MULTILINE)
#: Keys that many other programs have too.
_COMMON = frozenset({"task", "seed", "seeds", "size", "suite", "purpose"})


def is_run_file(text: str) -> bool:
    """Returns whether a file is a run of the bundled trainer.

    Nearly all of its top-level keys must be keys of the trainer. Since many programs have ``task``, ``run`` or
    ``model``, the file must also name a known task, set some keys that only the trainer has, or point to its schema.
    """
    match = _TASK.search(text)
    if match is None:
        return False
    keys = native_keys()
    sections = {key.partition(".")[0] for key in keys}
    names = [name for name, _ in _TOP_LEVEL.findall(text)]
    if sum(name in sections for name in names) < 0.75 * len(names):
        return False
    if _is_task(match[1]) or _SCHEMA.search(text) is not None:
        return True
    return _native_keys(text) >= (1 if _has_known_prefix(match[1]) else 2)


def _is_task(name: str) -> bool:
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        find_task(name)
    except UnknownTask:
        return False
    return True


def _has_known_prefix(name: str) -> bool:
    """Returns whether a task is written like one of a known suite, so that it may be misspelled."""
    from dreamerguard.schema.tasks import prefixes

    return "_" in name and name.partition("_")[0] in prefixes()


def _native_keys(text: str) -> int:
    """Number of keys that only the trainer has, in the right sections."""
    from dreamerguard.core.source import Source
    from dreamerguard.sources.values.nodes import Mapping
    from dreamerguard.sources.values.yaml import read_yaml

    root = read_yaml(Source("", text)).root
    known = native_keys().keys() - _COMMON
    count = 0
    pending = [("", root)] if root is not None else []
    while pending:
        prefix, mapping = pending.pop()
        for entry in mapping.entries:
            key = f"{prefix}{entry.name}"
            count += key in known
            if isinstance(entry.value, Mapping):
                pending.append((f"{key}.", entry.value))
    return count
