"""What a run directory holds: episodes, rows of metrics, checkpoints. Two inventories show what was lost."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

LOGS = ("scores.jsonl", "metrics.jsonl", "eval.jsonl")


@dataclass(frozen=True)
class Inventory:
    """The content of a run directory.

    Attributes:
      rows: log -> its complete lines.
      torn: log -> bytes that are no complete JSON line, zero bytes among them.
      saved: frames of the newest checkpoint, 0 without one.
      checkpoints: names of the checkpoints.
      kept: every complete line of every file that looks like a log, wherever it lies below the directory.
    """

    rows: dict[str, list[str]]
    torn: dict[str, int]
    saved: int
    checkpoints: tuple[str, ...]
    kept: frozenset[str]


def take(directory: Path, action_repeat: int = 8) -> Inventory:
    """Takes the inventory of a run directory; it may be missing."""
    rows, torn = {}, {}
    for name in LOGS:
        lines, rest = _lines(directory / name)
        rows[name], torn[name] = lines, rest
    names = [path.name for path in directory.glob("checkpoints/*") if path.name.isdigit()]
    saved = max(map(int, names), default=0) * action_repeat
    kept = {line for path in directory.rglob("*") if ".jsonl" in path.name for line in _lines(path)[0]}
    return Inventory(rows, torn, saved, tuple(sorted(names, key=int)), frozenset(kept))


def _lines(path: Path) -> tuple[list[str], int]:
    try:
        if not path.is_file():
            return [], 0
        data = path.read_bytes()[:50_000_000]
    except OSError:
        return [], 0
    good, bad = [], 0
    for line in data.split(b"\n"):
        try:
            good.append(line.decode()) if isinstance(json.loads(line), dict) else None
        except ValueError:
            bad += len(line)
    return good, bad


def frames(line: str) -> float:
    """Returns the frames of a row."""
    value = json.loads(line).get("frames", 0)
    return value if isinstance(value, int | float) else 0


def lost_rows(before: Inventory, after: Inventory, up_to: float | None = None) -> str:
    """Returns in words which rows of the logs are nowhere below the directory any more; empty if none is missing.

    Args:
      before, after: the inventories.
      up_to: only rows up to these frames count; by default all.
    """
    parts = []
    for name in LOGS:
        must = [line for line in before.rows[name] if up_to is None or frames(line) <= up_to]
        gone = sum(line not in after.kept for line in must)
        if gone:
            parts.append(f"{gone} of {len(must)} rows of {name}")
    return ", ".join(parts)


def faults(now: Inventory) -> list[str]:
    """Returns what is wrong with the logs themselves: torn lines, doubled episodes, frames that go back."""
    found = [f"{count} bytes in {name} are no row" for name, count in now.torn.items() if count]
    scores = [json.loads(line) for line in now.rows["scores.jsonl"]]
    doubled = sum(count - 1 for count in Counter((item["frames"], item["env"]) for item in scores).values())
    if doubled:
        found.append(f"{doubled} episodes are doubled")
    for name in ("scores.jsonl", "metrics.jsonl"):
        steps = [frames(line) for line in now.rows[name]]
        back = sum(right < left for left, right in pairwise(steps))
        if back:
            found.append(f"frames go back {back} times in {name}")
    return found


def without_time(lines: list[str]) -> list[dict[str, Any]]:
    """Returns rows without the fields that differ from run to run."""
    return [{key: value for key, value in json.loads(line).items() if key != "time"} for line in lines]
