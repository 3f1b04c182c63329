"""The files that an earlier start left in a run directory: links that must not be followed, and setting files aside."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .manifest import MANIFEST, has_saved, never_saved
from .run_directory import CONFIG, LINT, has_checkpoint
from .run_lock import LOCK

LOGS = ("scores.jsonl", "metrics.jsonl", "eval.jsonl", "tensorboard")
#: The rows of a run that belong to no checkpoint and would be lost with their log.
SCORES = ("scores.jsonl", "eval.jsonl")
#: Everything of a run, but for its lock.
RUN = (CONFIG, LINT, MANIFEST, *LOGS, "checkpoints", "videos", "status.json", "curve.png", "dreamerguard-lint.json")


def find_links(directory: Path) -> list[Path]:
    """Returns the files and folders of a run that are links. The run directory itself may be one."""
    found = [path for folder in _folders(directory) for name in (*RUN, LOCK) if (path := folder / name).is_symlink()]
    return found + [folder for folder in _folders(directory) if folder != directory and folder.is_symlink()]


def has_rows(directory: Path, names: Sequence[str] = SCORES) -> bool:
    """Returns whether a log of a run or of one of its agents holds anything."""
    return any(
        path.is_file() and path.stat().st_size
        for folder in _folders(directory)
        for path in (folder / name for name in names)
    )


def why_not_continued(directory: Path) -> str | None:
    """Returns why a run can neither go on nor begin again without losing its logs; None if it can.

    A start that ended before its first checkpoint may begin again. The manifest shows whether there was one. Where it
    shows nothing, scores count, and metrics do not: every start writes some.
    """
    if has_checkpoint(directory) or never_saved(directory):
        return None
    rows = "scores" if has_rows(directory) else "metrics"
    if rows == "metrics" and not (has_rows(directory, LOGS) and has_saved(directory)):
        return None
    return (
        f"{directory} has {rows} but no checkpoint to continue from. Restore its folder checkpoints; or start from the"
        " beginning with --restart, which keeps the old files in a folder before-N; or use another --logdir"
    )


def set_aside(directory: Path, names: Sequence[str]) -> Path | None:
    """Moves files of a run, and of its agents, to a new folder ``before-N``.

    Returns:
      The folder; None if there was nothing to move.

    Raises:
      OSError: a file cannot be moved.
    """
    found = [path for folder in _folders(directory) for name in names if os.path.lexists(path := folder / name)]
    if not found:
        return None
    number = 1
    while os.path.lexists(aside := directory / f"before-{number}"):
        number += 1
    aside.mkdir()
    for path in found:
        target = aside / path.relative_to(directory)
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    return aside


def _folders(directory: Path) -> Iterator[Path]:
    """Yields the run directory and the folders of its agents."""
    yield directory
    yield from sorted(path for path in directory.glob("seed*") if re.fullmatch("seed[0-9]+", path.name))
