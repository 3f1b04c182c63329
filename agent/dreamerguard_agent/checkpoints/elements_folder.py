"""Reads the agent of a checkpoint that danijar/dreamerv3 wrote with `elements.Checkpoint`: numbers only.

Its log directory has ``ckpt/``, with a file ``latest`` that names the newest folder. A complete folder has an empty
file ``done`` and a pickle file for every part; ``agent.pkl`` holds the parameters by path, and counters.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .array_file import Array, read_small
from .errors import Damaged, NoSoundCheckpoint
from .plain_arrays import NotPlain
from .plain_pickle import read_plain

AGENT = "agent.pkl"


def find_elements(directory: Path) -> Path | None:
    """Returns the checkpoint folder of danijar/dreamerv3 that a path means; None if it means none.

    Args:
      directory: a log directory, its folder ``ckpt``, or one checkpoint.

    Raises:
      NoSoundCheckpoint: there is one, but it is not complete.
    """
    for folder in (directory, directory / "ckpt"):
        if (folder / AGENT).is_file():
            return _complete(folder)
        if (latest := folder / "latest").is_file():
            return _complete(_named(folder, latest))
    return None


def read_elements(folder: Path) -> tuple[dict[str, Array], int]:
    """Reads parameters by path, optimizer and normalisers included, and the number of updates.

    Raises:
      NoSoundCheckpoint: the file holds more than numbers, or is damaged. Nothing in it was run.
      OSError: it cannot be read.
    """
    try:
        found = read_plain(folder / AGENT)
    except NotPlain as error:
        raise NoSoundCheckpoint(
            f"{error}. To use it all the same, load it with danijar/dreamerv3 on a machine that you can trust it with,"
            " and save its agent's parameters again with elements.Checkpoint"
        ) from None
    params = found.get("params") if isinstance(found, dict) else None
    if (
        not isinstance(params, dict)
        or not params
        or not all(isinstance(value, np.ndarray) for value in params.values())
    ):
        raise NoSoundCheckpoint(f"{folder / AGENT} has no parameters by path, as danijar/dreamerv3 e3f0224 writes them")
    counters: Any = found.get("counters")
    updates = counters.get("updates") if isinstance(counters, Mapping) else None
    return {str(path): value for path, value in params.items()}, updates if isinstance(updates, int) else 0


def _named(folder: Path, latest: Path) -> Path:
    try:
        name = read_small(latest, 1000).decode().strip("\n")
    except (Damaged, UnicodeDecodeError) as error:
        raise NoSoundCheckpoint(f"{latest} cannot be read: {error}") from None
    if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise NoSoundCheckpoint(f"{latest} does not name a folder beside it")
    return folder / name


def _complete(folder: Path) -> Path:
    if not (folder / "done").is_file() or not (folder / AGENT).is_file():
        raise NoSoundCheckpoint(f"{folder} is not a complete checkpoint: it needs {AGENT} and the file `done`")
    return folder
