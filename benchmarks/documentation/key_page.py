"""The page of all keys of a run of the bundled trainer, from the published schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dreamerguard.schema.key_table import key_rows

from .prose import code, prose

_HEAD = """# Keys of a run

Every setting of a run of the bundled trainer. In a run file, sections nest (`run:`, below it `train_ratio: 512`). On
the command line a key is written in full: `run.train_ratio=512` or `--run.train_ratio 512`. The defaults of a task are
those of its published edition: `dreamerguard tasks TASK` shows them, `dreamerguard explain KEY` describes one key.
"""


def key_page() -> str:
    """Returns the page."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in key_rows().values():
        sections.setdefault(row["path"].rpartition(".")[0], []).append(row)
    return "\n".join([_HEAD, *(line for name, rows in sections.items() for line in _section(name, rows))])


def _section(name: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"## `{name}.`" if name else "## The run"
    yield from ("", "| key | value | default | meaning |", "| --- | --- | --- | --- |")
    for row in rows:
        yield f"| `{row['path']}` | {_value(row)} | {_default(row)} | {prose(row['description'])} |"
    yield ""


def _value(row: dict[str, Any]) -> str:
    if "choices" in row:
        return ", ".join(f"`{choice}`" for choice in row["choices"])
    parts = [row["kind"]]
    if "low" in row:
        parts.append(f"from {row['low']:g}")
    if "high" in row:
        parts.append(f"to {row['high']:g}")
    unit = f", in {row['unit']}" if row.get("unit") else ""
    return prose(" ".join(parts) + unit)


def _default(row: dict[str, Any]) -> str:
    value = row.get("default")
    if value is None or isinstance(value, bool):
        return {None: "`none`", True: "`true`", False: "`false`"}[value]
    return code(", ".join(map(str, value)) if isinstance(value, list) else str(value))
