"""Brings the JSON lines of a run back to a checkpoint without losing a row that the checkpoint covers.

The rows behind a checkpoint are written again by the resumed run, so they are cut off. That is right only if the size
in the checkpoint fits the file: it ends a line, and the rows on both sides lie on their side of the checkpoint's
frames. Otherwise the file is set aside as it is, and the rows up to those frames are kept.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .append_file import UnusableLogs, check_regular, write_new

#: Largest size of a log that a checkpoint may state: 100 years of rows have less.
MOST_BYTES = 1 << 34
#: Longest row that is kept when a file does not fit its checkpoint.
_LONGEST_ROW = 1 << 24


@dataclass(frozen=True, slots=True)
class Repair:
    """How one log is brought back to a checkpoint.

    Attributes:
      path: the log.
      keep: bytes to keep from its start; None to keep the rows up to ``frames``.
      frames: environment frames of the checkpoint.
      end_line: whether the kept bytes lack the end of their last line.
      present: whether there is a file.
      shared: whether other names share the file, for example a backup of hard links: they must not change.
      aside: whether the file is set aside as it is, because more than rows behind the checkpoint goes.
      message: what the user should know; None if nothing is unusual.
    """

    path: Path
    keep: int | None
    frames: int
    end_line: bool = False
    present: bool = True
    shared: bool = False
    aside: bool = False
    message: str | None = None

    def apply(self) -> None:
        """Changes the file.

        Raises:
          OSError: it cannot be changed; if there is no space to set a file aside, it stays as it is.
        """
        if not self.present:
            return
        if self.aside:
            self._set_aside()
        elif self.shared:
            write_new(self.path, self._kept())
        else:
            self._cut()

    def _set_aside(self) -> None:
        aside = aside_folder(self.path.parent)
        kept = aside / f"kept-{self.path.name}"
        try:
            write_new(kept, self._kept())
        except OSError:  # nothing has moved: the next start tries again
            aside.rmdir()
            raise
        self.path.rename(aside / self.path.name)
        kept.rename(self.path)

    def _kept(self) -> bytes:
        with _open(self.path) as file:
            if self.keep is None:
                return b"".join(_rows_up_to(file, self.frames))
            return file.read(self.keep) + b"\n" * self.end_line

    def _cut(self) -> None:
        assert self.keep is not None
        handle = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if os.fstat(handle).st_size > self.keep:
                os.ftruncate(handle, self.keep)
            if self.end_line:
                os.pwrite(handle, b"\n", self.keep)
        finally:
            os.close(handle)


def plan_repair(path: Path, size: object, frames: int) -> Repair:
    """Decides how to bring a log back to a checkpoint. Changes nothing.

    Args:
      path: the log.
      size: its bytes as the checkpoint states them; None if it does not.
      frames: environment frames of the checkpoint.

    Raises:
      UnusableLogs: the file is a link or no regular file, or the size is not plausible.
    """
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MOST_BYTES):
        raise UnusableLogs(
            f"the checkpoint states a size of {size!r} bytes for {path}, which is not plausible: the checkpoint is"
            " damaged. Remove that checkpoint, or start from the beginning with --restart"
        )
    try:
        found = path.lstat()
    except FileNotFoundError:
        lost = f"{path} is missing: {size:,} bytes of rows are lost; new rows follow" if size else None
        return Repair(path, 0, frames, present=False, message=lost)
    check_regular(path, found.st_mode)
    if found.st_size > MOST_BYTES:
        raise UnusableLogs(f"{path} has {found.st_size:,} bytes, more than any log: remove it, or use another --logdir")
    with _open(path) as file:
        length = _without_zeros(file)
        if size is not None and length < size:
            return _short(path, file, length, size, frames, found.st_nlink > 1)
        keep = None if size is None else _end_of_kept(file, size, frames)
        if keep is not None:
            return Repair(path, keep, frames, shared=found.st_nlink > 1)
    text = f"{path} does not fit its checkpoint: kept as it was in {aside_name(path.parent)}/; its rows up to"
    return Repair(path, None, frames, aside=True, message=f"{text} {frames:,} frames are in use")


def aside_name(folder: Path) -> str:
    """Returns the name of the next free folder for files that are set aside: ``before-1``, ``before-2``, ..."""
    number = 1
    while os.path.lexists(folder / f"before-{number}"):
        number += 1
    return f"before-{number}"


def aside_folder(folder: Path) -> Path:
    """Makes the next free folder for files that are set aside."""
    made = folder / aside_name(folder)
    made.mkdir()
    return made


def _short(path: Path, file: BinaryIO, length: int, size: int, frames: int, shared: bool) -> Repair:
    """Keeps what is there; a last line without its end is completed if it is a whole row, else set aside."""
    missing = f"{path} is {size - length:,} bytes shorter than its checkpoint states"
    start = _last_line(file, length)
    file.seek(start)
    tail = file.read(min(length - start, _LONGEST_ROW))
    if not tail or _frames(tail) is not None:
        return Repair(
            path, length, frames, end_line=bool(tail), shared=shared, message=f"{missing}: some rows are lost"
        )
    where = aside_name(path.parent)
    text = f"{missing} and its last row is cut: kept as it was in {where}/; the whole rows are in use"
    return Repair(path, start, frames, aside=True, message=text)


def _end_of_kept(file: BinaryIO, size: int, frames: int) -> int | None:
    """Returns how many bytes to keep; None if ``size`` ends no line or the rows beside it do not fit ``frames``.

    A run that ends right after a checkpoint logs once more at the same frames, so such rows are kept too.
    """
    if size:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            return None
        file.seek(_last_line(file, size - 1))
        before = _frames(file.readline(_LONGEST_ROW))
        if before is not None and before > frames:
            return None
    end = size
    file.seek(size)
    while line := file.readline(_LONGEST_ROW):
        at = _frames(line)
        if at is None or at > frames or not line.endswith(b"\n"):
            break
        if at < frames:
            return None
        end += len(line)
    return end


def _rows_up_to(file: BinaryIO, frames: int) -> Iterator[bytes]:
    while line := file.readline(_LONGEST_ROW):
        at = _frames(line)
        if at is not None and at <= frames:
            yield line if line.endswith(b"\n") else line + b"\n"


def _frames(line: bytes) -> float | None:
    """Returns the frames of a row; None if it is not a whole row."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    at = row.get("frames") if isinstance(row, dict) else None
    return at if isinstance(at, int | float) and not isinstance(at, bool) and abs(at) <= sys.float_info.max else None


def _last_line(file: BinaryIO, end: int) -> int:
    """Returns where the line begins that holds the byte before ``end``, or ``end`` if that byte ends a line."""
    start = end
    while start:
        begin = max(0, start - 65536)
        file.seek(begin)
        found = file.read(start - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        start = begin
    return 0


def _without_zeros(file: BinaryIO) -> int:
    """Returns the length without zero bytes at the end, which a power cut leaves where data had not been written."""
    end = file.seek(0, os.SEEK_END)
    while end:
        begin = max(0, end - 65536)
        file.seek(begin)
        solid = file.read(end - begin).rstrip(b"\0")
        if solid:
            return begin + len(solid)
        end = begin
    return 0


def _open(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb")
