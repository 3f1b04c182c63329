"""Recognises the training program that wrote a log directory by the contents of its files."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dreamerguard.core.log_format import LogEvidence, LogLayout
from dreamerguard.programs.registry import log_layouts
from dreamerguard.util.json_text import json_objects
from dreamerguard.util.regular_files import open_regular, read_regular, why_unreadable

from .csv_scores import csv_names
from .event_directory import EVENT_FILES, event_files
from .event_files import LONG_RECORD, EventReader, EventScalar
from .row_sources import read_source, source_path
from .unread_folders import name_by_tags, name_unread

#: Bytes that are read at the start of a file.
_HEAD = 256 * 1024

#: Lines that are parsed at the start of a file; damaged ones may come first.
_LINES = 4000

#: Pieces in which the start of an event file is read.
_PIECES = 8

#: Behind the first piece, about one record in so many is read, and about so many scores of a piece.
_EVERY, _SCORES = 8, 200

#: Start of the names of event files, and the folders that are searched for a log.
_EVENTS, _FOLDERS = EVENT_FILES.rstrip("*"), 300

#: Event files that are looked into: every start of a program writes one.
_EVENT_FILES = 8


def detect(directory: Path) -> LogLayout | None:
    """Returns the layout of the program's logs; None while no program can be recognised.

    Raises:
      PermissionError: no program can be recognised, and the directory or one of its logs cannot be read.
    """
    head = _Heads(directory)
    scores, metrics = (frozenset(head.keys(name)) for name in ("scores.jsonl", "metrics.jsonl"))
    found = LogEvidence(directory, scores, metrics, frozenset(head.tags()), frozenset(csv_names(directory)))
    layout = next((layout for layout in log_layouts() if layout.wrote(found)), None)
    if layout is None and head.refused is not None:
        raise head.refused
    return layout


def why_no_log(directory: Path) -> str:
    """Returns why a directory has no log: damaged files, or those of a program that is not read; empty if none."""
    path = source_path(directory)
    if path is not None and (why := read_source(path).why_no_log):
        return f"{path.name}: {why}" if path != directory else why
    unread = name_unread(directory, frozenset(name for layout in log_layouts() for name in layout.csv_scores))
    if unread:
        return unread
    names = dict.fromkeys(name for layout in log_layouts() for name in layout.files)
    paths = [path for name in names if _is_there(path := directory / name)]
    events = event_files(directory)[:3]
    if not paths and not events and (deeper := _deeper_log(directory)) is not None:
        return f"its folder {deeper.relative_to(directory)} has one: give that folder"
    return "; ".join(f"{path.name} {_what_is_wrong(path)}" for path in [*paths, *events])


def _deeper_log(directory: Path) -> Path | None:
    """Returns a folder with event files or JSON lines below the children of a folder; looks into some hundred."""
    names = {name for layout in log_layouts() for name in layout.files}
    for folder, inside, files in islice(os.walk(directory), _FOLDERS):
        if folder != str(directory) and any(name in names or name.startswith(_EVENTS) for name in files):
            return Path(folder)
        inside.sort()
    return None


def _what_is_wrong(path: Path) -> str:
    try:
        head = read_regular(path, _HEAD)
        tags = list(_tags_in(path)) if path.name.startswith(_EVENTS) else []
    except OSError as error:
        return f"cannot be read: {why_unreadable(error)}"
    if not head:
        return "is empty"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is UTF-16 text: programs write UTF-8"
    if path.suffix == ".jsonl" and b"\n" not in head:
        return "has no line end"
    if tags:
        shown = ", ".join(dict.fromkeys(tags[:4])) + ", ..." * (len(set(tags)) > 4)
        return f"holds no score of a supported program{name_by_tags(tags)}. It has {shown}"
    return "holds no row of a supported program"


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        return False
    return True


class _Heads:
    """Reads the starts of the logs of a directory.

    Attributes:
      refused: the first file that may not be read.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.refused: PermissionError | None = None

    def keys(self, name: str) -> Iterator[str]:
        """Yields the keys of the first rows of a JSON lines file; nothing if it is missing or no regular file."""
        try:
            head = read_regular(self._directory / name, _HEAD)
        except OSError as error:
            self._note(error)
            return
        lines = [line for line in head.replace(b"\0", b"\n").split(b"\n") if line]
        for row in json_objects(lines[:_LINES]):
            yield from row

    def tags(self) -> Iterator[str]:
        """Yields the tags at the start of the first event files."""
        for path in event_files(self._directory)[:_EVENT_FILES]:
            try:
                yield from _tags_in(path)
            except OSError as error:
                self._note(error)

    def _note(self, error: OSError) -> None:
        if isinstance(error, PermissionError) and self.refused is None:
            self.refused = error


def _tags_in(path: Path) -> Iterator[str]:
    with open_regular(path) as file:
        yield from (scalar.tag.removeprefix("scalars/") for scalar in _first_scalars(file))


def _first_scalars(file: io.FileIO) -> Iterator[EventScalar]:
    """Yields the scalars at the start of an event file, behind its first piece a part. Long records are passed over."""
    reader, at = EventReader({tag for layout in log_layouts() for tag in layout.event_scores}), 0
    for piece in range(_PIECES):
        file.seek(at)
        data = file.read(_HEAD // _PIECES + 2 * LONG_RECORD)
        found = reader.read(data, _EVERY, _SCORES) if piece else reader.read(data)
        yield from found.scalars
        if not found.used and not found.long:
            return
        at += found.used + found.long
