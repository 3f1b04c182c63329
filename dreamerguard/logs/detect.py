"""Recognises the training program that wrote a log directory by the contents of its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dreamerguard.core.log_format import LogEvidence, LogLayout
from dreamerguard.programs.registry import log_layouts
from dreamerguard.util.json_text import read_json

from .event_directory import event_files

#: Bytes that are read at the start of a file.
_HEAD = 256 * 1024


def detect(directory: Path) -> LogLayout | None:
    """Returns the layout of the program's logs; None while no program can be recognised.

    Raises:
      PermissionError: the directory or its logs cannot be read.
    """
    scores, metrics = (frozenset(_keys(directory / name)) for name in ("scores.jsonl", "metrics.jsonl"))
    found = LogEvidence(directory, scores, metrics, bool(event_files(directory)))
    return next((layout for layout in log_layouts() if layout.wrote(found)), None)


def _keys(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return
    for line in head.split(b"\n")[:400]:
        try:
            row = read_json(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield from row
