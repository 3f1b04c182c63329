"""The configuration files of an edition as shipped data: keys, values and their places in upstream's files.

The tables hold facts only, without comments. `benchmarks/build_hydra_tables.py` derives them from a checkout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from dreamerguard.core.setting import Layer
from dreamerguard.core.source import Origin, Value
from dreamerguard.programs.shared.key_tables import table_path
from dreamerguard.util.fast_dataclass import dataclass

from .store import ConfigFile, Default
from .tree import Leaf, Tree


@dataclass(frozen=True, slots=True)
class TableOrigin:
    """The upstream repository, commit, licence and folder of a table."""

    repository: str
    commit: str
    licence: str
    folder: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit[:7]}"

    def origin(self, file: str, line: int) -> Origin:
        """Returns the origin of a line in an upstream file."""
        path = f"{self.folder}/{file}.yaml"
        url = f"https://github.com/{self.repository}/blob/{self.commit}/{path}#L{line}"
        return Origin(str(self), url, f"{path}:{line}")


class TableStore:
    """A store of the files in a shipped table."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.provenance = TableOrigin(data["repository"], data["commit"], data["licence"], data["folder"])
        self.files: Mapping[str, Any] = data["files"]
        self.loaded: dict[str, ConfigFile] = {}

    def load(self, path: str) -> ConfigFile | None:
        if path not in self.files:
            return None
        if path not in self.loaded:
            self.loaded[path] = self._read(path)
        return self.loaded[path]

    def options(self, group: str) -> tuple[str, ...]:
        prefix = f"{group}/"
        names = (path.removeprefix(prefix) for path in self.files if path.startswith(prefix))
        return tuple(sorted(name for name in names if "/" not in name))

    def _read(self, path: str) -> ConfigFile:
        data = self.files[path]
        defaults = tuple(
            Default(
                item.get("group"),
                item.get("name"),
                item.get("package"),
                None,
                item.get("override", False),
                item.get("optional", False),
            )
            for item in data.get("defaults", [])
        )
        return ConfigFile(path, data.get("package"), defaults, self._tree(path, data["values"]))

    def _tree(self, path: str, values: Mapping[str, Any]) -> Tree:
        tree = Tree()
        for name, item in values.items():
            if isinstance(item, dict):
                tree.children[name] = self._tree(path, item)
            else:
                value, line, *opaque = item
                plain: Value = tuple(value) if isinstance(value, list) else value
                layer = Layer("preset", path, plain, self.provenance.origin(path, line), upstream=True)
                tree.children[name] = Leaf((layer,), bool(opaque))
        return tree


@cache
def load_table_store(name: str) -> TableStore:
    """Loads a shipped table: ``r2dreamer`` or ``sheeprl``."""
    return TableStore(json.loads(table_path(name).read_text(encoding="utf-8")))
