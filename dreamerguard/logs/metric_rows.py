"""Chooses the rows of metrics that are read from a block of JSON lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dreamerguard.core.log_format import LogLayout

from .lines import evenly_spaced, has_more_lines, lines_with
from .run_log import RunLog


def sample_rows(block: bytes, quota: int, left_out: Callable[[bytes], bool]) -> list[bytes]:
    """Returns the metric rows of a short block, or evenly spaced rows of a long one with all NaN and success rates.

    Args:
      block: whole lines.
      quota: number of lines from which on a block is long.
      left_out: whether a line is to be left out.
    """
    if not has_more_lines(block, quota):
        return [line for line in block.split(b"\n") if line and not left_out(line)]
    found = evenly_spaced(block, quota, left_out)
    for word in (b"NaN", b"Infinity", b"success"):
        for line in lines_with(block, word)[:quota]:
            found.setdefault(block.find(line), line)
    return [found[start] for start in sorted(found)]


def made_updates(row: dict[str, Any], layout: LogLayout, log: RunLog) -> bool:
    """Returns whether at least one update was made, by this row or by the last logged number of updates."""
    for key, value in row.items():
        if layout.metric_name(key) == "updates" and isinstance(value, (int, float)):
            return value > 0
    known = log.series.get("updates")
    return known is not None and known.last > 0
