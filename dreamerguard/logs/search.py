"""Searches a folder for run directories, in bounded time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from .detect import detect

#: Folders that hold no runs.
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist", "checkpoints", "venv"})
#: Folders that are entered.
_FOLDERS = 1000


def runs_below(folder: Path, most: int) -> list[Path]:
    """Returns directories of runs below a folder, at most ``most``, by name. Links are not followed.

    Folders inside a run are not searched, hidden folders neither, and of a large tree only the first thousand.
    """
    return list(islice(_runs(folder), most))


def _runs(folder: Path) -> Iterator[Path]:
    for top, inside, files in islice(os.walk(folder), _FOLDERS):
        if any(_may_be_log(name) for name in files) and _is_run(Path(top)):
            inside.clear()
            yield Path(top)
        inside[:] = sorted(name for name in inside if not name.startswith(".") and name not in _SKIPPED)


def _may_be_log(name: str) -> bool:
    return name.endswith((".jsonl", ".wandb", ".csv")) or "tfevents" in name


def _is_run(folder: Path) -> bool:
    try:
        return detect(folder) is not None
    except OSError:
        return False
