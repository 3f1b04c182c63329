"""The keys of a native run, from a table that ``native_schema`` writes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from dreamerguard.core.key import Key

from .key_names import NATIVE_CONDITIONS, NATIVE_RENAMES

__all__ = ["NATIVE_CONDITIONS", "NATIVE_RENAMES", "TABLE", "native_keys"]

#: One JSON object for each key; a test compares it with the schema.
TABLE = Path(__file__).parent / "keys.json"


@cache
def native_keys() -> dict[str, Key]:
    """Dotted key -> key, in the order of the schema."""
    rows: list[dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return {row["path"]: _key(row) for row in rows}


def _key(row: dict[str, Any]) -> Key:
    default, choices = row.get("default"), tuple(row.get("choices", ()))
    return Key(**row | {"default": tuple(default) if isinstance(default, list) else default, "choices": choices})
