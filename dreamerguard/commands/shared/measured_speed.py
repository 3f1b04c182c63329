"""Reads the speed of earlier, similar runs on this machine for the time estimate of ``train --dry-run``."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from dreamerguard.util.json_text import json_objects, read_json
from dreamerguard.util.regular_files import read_regular

if TYPE_CHECKING:
    from dreamerguard.schema import RunConfig

#: Settings that do not change the speed of a run. All others must be equal.
_IRRELEVANT = frozenset({
    "edition", "suite", "purpose", "seed", "run.frames", "replay.capacity", "runtime.compilation_cache",
})  # fmt: skip
_IRRELEVANT_SECTIONS = ("logging.", "checkpoint.", "eval.", "guard.")
#: Highest number of runs that are read, newest first, and lowest number of log rows for a speed.
_MOST_RUNS, _LEAST_ROWS = 200, 3
#: Bytes of a file that are read.
_MOST = 64 << 20


@dataclass(frozen=True, slots=True)
class Speed:
    """A measured speed.

    Attributes:
      frames_per_second: of each agent; median over the log rows with updates, without the first.
      rows: number of these rows.
      run: directory of the run.
    """

    frames_per_second: float
    rows: int
    run: Path


def measured_speed(config: RunConfig, directory: Path, platform: str) -> Speed | None:
    """Returns the speed of the newest run next to ``directory`` with equal relevant settings on this machine.

    Args:
      config: the planned run.
      directory: its run directory.
      platform: device that the run will use, as the manifest names it: ``cpu`` or ``gpu``.
    """
    for run in _runs(directory):
        if _ran_here(run, platform) and _has_shape(run, config):
            speeds = _speeds(run, config)
            if len(speeds) >= _LEAST_ROWS:
                return Speed(median(speeds), len(speeds), run)
    return None


def newest_frames(directory: Path, config: RunConfig) -> float:
    """Returns the number of environment frames in the log of a run; 0 without a log."""
    return max((row.get("frames", 0.0) for row in _rows(directory, config)), default=0.0)


def _runs(directory: Path) -> list[Path]:
    found = {path.parent for path in directory.parent.glob("*/manifest.json")}
    try:
        newest = sorted(found, key=lambda path: (path / "manifest.json").stat().st_mtime, reverse=True)
    except OSError:
        return []
    return newest[:_MOST_RUNS]


def _ran_here(run: Path, platform: str) -> bool:
    try:
        starts = read_json(read_regular(run / "manifest.json", _MOST))
    except (OSError, ValueError):
        return False
    here = (os.uname().nodename, platform)
    known = isinstance(starts, list) and bool(starts) and all(isinstance(start, dict) for start in starts)
    return known and all((start.get("host"), start.get("platform")) == here for start in starts)


def _has_shape(run: Path, config: RunConfig) -> bool:
    from dreamerguard.programs.native.run_directory import flatten_config, load_config

    try:
        stored = load_config(run)
    except (OSError, ValueError):
        return False
    ours, theirs = _shape(flatten_config(config.model_dump())), _shape(flatten_config(stored.model_dump()))
    return ours == theirs


def _shape(settings: Mapping[str, Any]) -> dict[str, Any]:
    kept = (key for key in settings if key not in _IRRELEVANT and not key.startswith(_IRRELEVANT_SECTIONS))
    return {key: settings[key] for key in kept}


def _speeds(run: Path, config: RunConfig) -> list[float]:
    """Returns the speeds of all rows with updates except the first, which includes the compilation."""
    rows = [row for row in _rows(run, config) if row.get("updates", 0.0) > 0]
    return [speed for row in rows[1:] if math.isfinite(speed := row.get("fps/frames", 0.0)) and speed > 0]


def _rows(run: Path, config: RunConfig) -> Iterator[dict[str, float]]:
    folder = run if config.seeds == 1 else next(iter(sorted(run.glob("seed*"))), run)
    try:
        lines = read_regular(folder / "metrics.jsonl", _MOST).splitlines()
    except OSError:
        return
    for row in json_objects(lines):
        yield {key: value for key, value in row.items() if isinstance(value, int | float)}
