"""``manifest.json`` in a run directory: one entry for each start of the run."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dreamerguard import __version__
from dreamerguard.util.json_text import read_json
from dreamerguard.util.regular_files import read_regular
from dreamerguard.util.replace_file import replace_file

MANIFEST = "manifest.json"
#: Bytes that are read: more than 10,000 starts.
_MOST_BYTES = 1 << 26
#: Entry that states the frames of the first checkpoint of a start; null until there is one.
FIRST_SAVE = "first_save"
#: Entry that states where the parameters of a new run come from; absent for a new agent.
FROM = "from"
#: Entries that two starts of a run should share.
_COMPARED = ("dreamerguard", "git", "platform", "device", "host")


def describe_start(command: Sequence[str], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one entry of the manifest: start time, command, code versions and host."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": list(command),
        "dreamerguard": __version__,
        "git": _git_commit(Path.cwd()),
        "host": os.uname().nodename,
        FIRST_SAVE: None,
        **facts,
    }


def read_starts(directory: Path) -> list[dict[str, Any]]:
    """Returns the starts of a run; an empty list if the manifest is missing or damaged: the run can go on."""
    try:
        found = read_json(read_regular(directory / MANIFEST, _MOST_BYTES))
    except (OSError, ValueError):
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def add_start(directory: Path, start: Mapping[str, Any]) -> None:
    """Appends a start.

    Raises:
      OSError: the manifest cannot be written.
    """
    _write(directory, [*read_starts(directory), dict(start)])


def note_first_save(directory: Path, frames: int) -> None:
    """Notes in the last start that it has saved a checkpoint.

    Raises:
      OSError: the manifest cannot be written.
    """
    starts = read_starts(directory)
    if starts and starts[-1].get(FIRST_SAVE) is None:
        starts[-1][FIRST_SAVE] = frames
        _write(directory, starts)


def has_saved(directory: Path) -> bool:
    """Returns whether the manifest says that a checkpoint was saved."""
    return any(start.get(FIRST_SAVE) is not None for start in read_starts(directory))


def never_saved(directory: Path) -> bool:
    """Returns whether the manifest states that no start has saved a checkpoint."""
    starts = read_starts(directory)
    return bool(starts) and all(FIRST_SAVE in start and start[FIRST_SAVE] is None for start in starts)


def origin_of(directory: Path) -> dict[str, Any] | None:
    """Returns where the parameters of a run come from, as its starts state; None for a new agent."""
    found = [start[FROM] for start in read_starts(directory) if isinstance(start.get(FROM), dict)]
    return found[-1] if found else None


def differences(directory: Path, start: Mapping[str, Any]) -> list[str]:
    """Returns how software, device and machine differ from the last start: ``jax 0.10.1 -> 0.10.2``."""
    starts = read_starts(directory)
    if not starts:
        return []
    old, new = _compared(starts[-1]), _compared(start)
    return [f"{key} {old[key]} -> {new[key]}" for key in new if key in old and old[key] != new[key]]


def _compared(start: Mapping[str, Any]) -> dict[str, str]:
    versions = start.get("versions")
    flat = {name: start.get(name) for name in _COMPARED} | (versions if isinstance(versions, dict) else {})
    return {str(key): str(value)[:80] for key, value in flat.items() if value is not None}


def _write(directory: Path, starts: Sequence[Mapping[str, Any]]) -> None:
    replace_file(directory / MANIFEST, (json.dumps(starts, indent=2) + "\n").encode())


def _git_commit(directory: Path) -> str | None:
    """Returns the commit, with ``-dirty`` if files differ from it.

    Git compares files by running the programs that the repository's own settings name: filters and a monitor of the
    file system. The repository may be a stranger's, so with filters the files are not compared.
    """
    describe = ["describe", "--always", "--abbrev=40"]
    own = _git(directory, "config", "--includes", "--name-only", "--get-regexp", r"^filter\.")
    return _git(directory, *describe, *([] if own else ["--dirty"]))


def _git(directory: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *words],
            cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.strip()
