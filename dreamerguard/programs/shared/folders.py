"""Walks over the folders of a checkout within limits, the nearest folders first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

#: Folders of virtual environments, data and logs, which hold no configurations of a program.
SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "logdir", "wandb"})


def entries_below(folder: Path, most_folders: int, depth: int) -> Iterator[os.DirEntry[str]]:
    """Yields what lies in a folder and in the folders below it, sorted by name within each; links are not followed.

    Args:
      folder: where to begin.
      most_folders: folders that are looked into at most.
      depth: levels below ``folder`` that are looked into.
    """
    queue, seen = [(folder, 0)], 0
    while queue and seen < most_folders:
        current, level = queue.pop(0)
        seen += 1
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            yield entry
            if level < depth and entry.name not in SKIPPED and entry.is_dir(follow_symlinks=False):
                queue.append((Path(entry.path), level + 1))
