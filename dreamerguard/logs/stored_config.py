"""Reads facts about a run from the configuration that its program stored beside the log.

Only that file is read. A fact is None if its key is missing; it is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dreamerguard.core.log_format import LogLayout, RunFacts, StoredSettings
from dreamerguard.core.source import SourceError
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values import nodes
from dreamerguard.sources.values.ruamel import plain_value
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.regular_files import require_regular


def read_run_facts(directory: Path, layout: LogLayout) -> RunFacts:
    """Returns the facts of a run directory; empty facts if the configuration is missing or unreadable."""
    for name in layout.configs:
        try:
            require_regular((directory / name).stat())
            source, problem = read_source(directory / name)
        except (SourceError, OSError):
            continue
        root = read_yaml(source).root if problem is None else None
        if root is not None and root.entries:
            return layout.facts(StoredSettings(dict(_flat(root))))
    return RunFacts()


def _flat(values: nodes.Mapping, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in values.entries:
        if isinstance(entry.value, nodes.Mapping):
            yield from _flat(entry.value, f"{prefix}{entry.name}.")
        else:
            value, _ = plain_value(entry.value)
            yield f"{prefix}{entry.name}", list(value) if isinstance(value, tuple) else value
