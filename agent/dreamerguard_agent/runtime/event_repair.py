"""Brings the event files of a run back to a checkpoint, or sets them aside."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from .log_repair import MOST_BYTES, aside_folder

PREFIX = "events.out.tfevents."
#: End of the names of our files; others that somebody put into the folder are left alone.
SUFFIX = ".dreamerguard"


def event_files(folder: Path) -> list[Path]:
    """Returns all event files of a folder, in the order in which TensorBoard reads them."""
    return sorted(path for path in folder.glob(f"{PREFIX}*") if path.is_file() and not path.is_symlink())


def bring_back(folder: Path, stored: object, frames: int, evaluating: int | None = None) -> bool:
    """Cuts the event files back to a checkpoint. Returns whether they fit it; if not, nothing was changed."""
    files = {path.name: path for path in event_files(folder)}
    if not isinstance(stored, dict):
        return not frames and _remove_blank(files)
    if not stored.keys() <= files.keys():
        return False
    ours = {name: path for name, path in files.items() if name in stored or name.endswith(SUFFIX)}
    kept = {path: _end_of_kept(path, stored.get(name, 0), frames, evaluating) for name, path in ours.items()}
    if None in kept.values():
        return False
    for path, end in kept.items():
        if not end and path.name not in stored:
            path.unlink()  # a start that was killed before its first checkpoint
        elif end is not None and path.stat().st_size > end:
            os.truncate(path, end)
    return True


def set_aside(folder: Path) -> Path | None:
    """Moves all event files to a new folder. Returns it; None if there are none."""
    found = sorted(folder.glob(f"{PREFIX}*"))
    if not found:
        return None
    aside = aside_folder(folder.parent)
    (aside / folder.name).mkdir()
    for path in found:
        path.rename(aside / folder.name / path.name)
    return aside


def _remove_blank(files: Mapping[str, Path]) -> bool:
    """Removes files without rows, which a start leaves that is killed early. Returns whether there were no others."""
    if not all(name.endswith(SUFFIX) and _end_of_kept(path, 0, 1 << 62) == 0 for name, path in files.items()):
        return False
    for path in files.values():
        path.unlink()
    return True


def _end_of_kept(path: Path, size: object, frames: int, evaluating: int | None = None) -> int | None:
    """Returns how many bytes of an event file to keep; None if it does not fit the checkpoint.

    Args:
      path: the file.
      size: its bytes at the checkpoint; rows at the same frames that follow are kept too.
      frames: environment frames of the checkpoint.
      evaluating: environment frames of an evaluation that had not ended then: its row belongs behind the checkpoint.
    """
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MOST_BYTES or path.stat().st_nlink > 1:
        return None
    with path.open("rb") as file:
        while file.tell() < size:
            if (length := _length(file)) is None:
                return None
            file.seek(length + 8, os.SEEK_CUR)
        if file.tell() != size:
            return None
        end = size
        while (length := _length(file)) is not None:
            step = _step(file.read(length + 8)[4:-4])
            if step is not None and step == evaluating:
                break
            if step is not None and step < frames:
                return None
            if step is not None and step > frames:
                break
            end = file.tell() if step is not None else end
    return end


def _length(file: BinaryIO) -> int | None:
    """Reads the length of the next record's data; None if there is no whole record.

    A record is length (8 bytes), checksum of the length (4), data, checksum of the data (4).
    """
    head = file.read(8)
    length: int = struct.unpack("<Q", head)[0] if len(head) == 8 else MOST_BYTES
    return length if length + 8 <= os.fstat(file.fileno()).st_size - file.tell() else None


def _step(data: bytes) -> int | None:
    """Returns the step of a record with scalars; None for another record or one that cannot be read."""
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    try:
        event = Event.FromString(data)
    except DecodeError:
        return None
    return int(event.step) if event.HasField("summary") else None
