"""The settings of the bundled trainer as a flat table, derived from `RunConfig`.

Reading it is faster than building the pydantic models. ``python -m dreamerguard.programs.native.build_keys`` writes it
after a change of the schema, and a test compares both.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

#: One JSON object for each key.
TABLE = Path(__file__).with_name("keys.json")


@cache
def key_rows() -> dict[str, dict[str, Any]]:
    """Dotted key -> its row, in the order of the schema."""
    rows: list[dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return {row["path"]: row for row in rows}


def default_number(key: str) -> float:
    """Default of a numeric setting; 0 for any other."""
    value = key_rows()[key].get("default")
    return float(value) if isinstance(value, int | float) else 0.0
