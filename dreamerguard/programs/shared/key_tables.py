"""Keys, defaults and presets of upstream programs, derived by ``benchmarks/build_key_tables.py``.

Each table names repository, commit and licence. The tables replace the presets of a checkout that cannot be read,
distinguish values of a fork from inherited values, and supply the settings of published runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dreamerguard.core.key import Key, Kind
from dreamerguard.core.source import Origin, Value
from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Keys, defaults and presets of one edition of a program.

    Attributes:
      name: name of the table: ``danijar_2025``.
      repository, commit, file, licence: source of the table.
      defaults: flat key -> default.
      read: flat key -> file and line of its first reader; empty if nothing reads it.
      presets: preset -> flat key or pattern -> value.
    """

    name: str
    repository: str
    commit: str
    file: str
    licence: str
    defaults: Mapping[str, Value]
    read: Mapping[str, str]
    presets: Mapping[str, Mapping[str, Value]]

    def origin(self, block: str) -> Origin:
        """Returns the origin of the values of a preset or of the defaults."""
        url = f"https://github.com/{self.repository}/blob/{self.commit}/{self.file}"
        name = "defaults" if block == "defaults" else f"preset {block}"
        return Origin(f"{self.repository} at {self.commit[:7]}", url, name)

    @property
    def title(self) -> str:
        """Repository and commit, for people."""
        return f"{self.repository} at {self.commit[:7]}"

    def ships(self, block: str, key: str, value: Value) -> bool:
        """Returns whether upstream ships this value for the key in this block."""
        values = self.defaults if block == "defaults" else self.presets.get(block, {})
        return key in values and type(values[key]) is type(value) and values[key] == value


def table_path(name: str) -> Path:
    """Returns the file of a table: ``danijar_2025`` is in the folder ``danijar``, ``torchrl-single`` in ``torchrl``."""
    program = re.sub(r"_20\d\d$", "", name).partition("-")[0]
    return Path(__file__).parents[1] / program / "tables" / f"{name}.json"


@cache
def load_table(name: str) -> Table:
    """Loads the table of one edition: ``danijar_2023``, ``danijar_2024``, ``danijar_2025`` or ``nm512_torch``."""
    data: dict[str, Any] = json.loads(table_path(name).read_text(encoding="utf-8"))
    return Table(
        name,
        data["repository"],
        data["commit"],
        data["file"],
        data["licence"],
        _values(data["defaults"]),
        data["read"],
        {preset: _values(values) for preset, values in data["presets"].items()},
    )


def _values(data: Mapping[str, Any]) -> dict[str, Value]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def make_keys(defaults: Mapping[str, Value], table: Table, dead: Mapping[str, str]) -> dict[str, Key]:
    """Returns the keys of a checkout, with the known facts about keys that upstream has too."""
    known = table.name, frozenset(dead.items())
    if known not in _MADE:
        _MADE[known] = {path: _make(path, value, table, dead) for path, value in table.defaults.items()}
    made, keys = _MADE[known], {}
    for path, value in defaults.items():
        key = made.get(path)
        same = key is not None and type(value) is type(key.default) and value == key.default
        keys[path] = key if same and key is not None else _make(path, value, table, dead)
    return keys


#: Table name and dead keys -> keys with the defaults of the table, which most checkouts share.
_MADE: dict[tuple[str, frozenset[tuple[str, str]]], dict[str, Key]] = {}


def _make(path: str, value: Value, table: Table, dead: Mapping[str, str]) -> Key:
    return Key(path, _kind(value), value, dead=dead.get(path, ""), read=table.read.get(path, ""))


def _kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "list" if isinstance(value, tuple) else "text"
