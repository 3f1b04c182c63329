"""The keys of a run of the bundled trainer."""

from __future__ import annotations

from functools import cache
from typing import Any

from dreamerguard.core.key import Key
from dreamerguard.schema.key_table import key_rows

from .key_names import NATIVE_CONDITIONS, NATIVE_RENAMES

__all__ = ["FREE_KEYS", "NATIVE_CONDITIONS", "NATIVE_RENAMES", "is_free_key", "native_keys"]

#: Groups of settings with keys that only the environment knows.
FREE_KEYS = ("env.kwargs",)


@cache
def native_keys() -> dict[str, Key]:
    """Returns dotted key -> key, in the order of the schema."""
    return {path: _key(row) for path, row in key_rows().items()}


def _key(row: dict[str, Any]) -> Key:
    default, choices = row.get("default"), tuple(row.get("choices", ()))
    return Key(**row | {"default": tuple(default) if isinstance(default, list) else default, "choices": choices})


def is_free_key(key: str) -> bool:
    """Returns whether a key is an argument of the environment, such as ``env.kwargs.map_name``."""
    return any(key.startswith(f"{group}.") and all(key.split(".")) for group in FREE_KEYS)
