"""TensorBoard scalars of a run, equal to its JSON lines after any number of kills and resumes.

Every start writes its own event file. A checkpoint states the size of every file; a resumed run cuts them back to it
and removes those of starts in between. Where the files do not fit the checkpoint, they are set aside and written again
from the JSON lines. Records are written at once, without the queue and the thread of TensorBoard's own writer.
"""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from .append_file import AppendFile, check_regular
from .event_record import event_record
from .log_repair import MOST_BYTES, aside_folder

FOLDER = "tensorboard"
_PREFIX = "events.out.tfevents."
_TAGS = {"scores": "episode/", "eval": "eval/"}
#: End of the names of our files; others that somebody put into the folder are left alone.
_SUFFIX = ".dreamerguard"

Row = Mapping[str, Any]


class EventLog:
    """The event files of one agent.

    Args:
      folder: the folder of the event files; made when missing.
      stored: size of every event file by name, as the checkpoint states it.
      frames: environment frames of the checkpoint.
      logs: the JSON lines by name, already brought back to the checkpoint.
      say: prints that files were set aside.
      evaluating: environment frames of an evaluation that had not ended at the checkpoint; None if there is none.
    """

    def __init__(
        self,
        folder: Path,
        stored: object,
        frames: int,
        logs: Mapping[str, Path],
        say: Callable[[str], None],
        evaluating: int | None = None,
    ) -> None:
        folder.mkdir(exist_ok=True)
        check_folder(folder)
        self._folder = folder
        fits = _bring_back(folder, stored, frames, evaluating)
        if not fits and (aside := _set_aside(folder)):
            say(f"{folder} does not fit its checkpoint: kept as it was in {aside.name}/; written again from the logs")
        self._file = _new_file(folder, None if fits and not frames else frames + 1 if fits else 0)
        self._writer = _Writer(self._file)
        if not fits:
            self._write_again({name: path.read_bytes() for name, path in logs.items() if path.exists()})

    def add(self, name: str, row: Row) -> None:
        """Writes the numbers of a row of log ``name`` at the row's frames."""
        self._writer.add(name, row, time.time())

    def sizes(self) -> dict[str, int]:
        """Returns the size of every event file, to be stored with a checkpoint."""
        sizes = {path.name: path.stat().st_size for path in _event_files(self._folder)}
        return sizes | {self._file.path.name: self._file.size()}

    def sync(self) -> None:
        """Waits until everything is on the disk.

        Raises:
          OSError: it cannot be written.
        """
        self._file.sync()

    def in_place(self) -> bool:
        """Returns whether the open file is still in its folder."""
        return self._file.in_place()

    def start_over(self, folder: Path, logs: Mapping[str, bytes]) -> None:
        """Writes all rows of the JSON lines to a new file in ``folder`` and goes on there."""
        folder.mkdir(exist_ok=True)
        check_folder(folder)
        file = _new_file(folder, 0)
        self._file.close()
        self._folder, self._file, self._writer = folder, file, _Writer(file)
        self._write_again(logs)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write_again(self, logs: Mapping[str, bytes]) -> None:
        rows = [(row, name) for name, content in logs.items() for row in _rows(content)]
        wall = next((float(row["time"]) for row, _ in rows if _is_number(row.get("time"))), time.time())
        for row, name in sorted(rows, key=lambda item: item[0]["frames"]):
            wall = float(row["time"]) if _is_number(row.get("time")) else wall
            self._writer.add(name, row, wall)


class _Writer:
    """Writes records in the format of TensorBoard, with its own encoder and checksums."""

    def __init__(self, file: AppendFile) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._event, self._summary, self._file = Event, Summary, file

    def add(self, name: str, row: Row, wall_time: float) -> None:
        values = [
            self._summary.Value(tag=_TAGS.get(name, "") + key, simple_value=float("nan" if value is None else value))
            for key, value in row.items()
            if (value is None or _is_number(value)) and key != "frames"
        ]
        event = self._event(wall_time=wall_time, step=int(row["frames"]), summary=self._summary(value=values))
        self._file.append(event_record(event.SerializeToString()))


def check_folder(folder: Path) -> None:
    """Checks that the folder of the event files is not a link.

    Raises:
      UnusableLogs: it is.
    """
    if folder.is_symlink():
        check_regular(folder, folder.lstat().st_mode)


def _new_file(folder: Path, restart: int | None) -> AppendFile:
    """Opens a new file after all others in the order of names, by which TensorBoard reads them.

    Args:
      folder: the folder.
      restart: running readers drop what they have read from this step on; None for nothing.
    """
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog

    last = max((_second(path) for path in _event_files(folder)), default=0)
    name = f"{_PREFIX}{max(int(time.time()), last + 1):010d}.{os.uname().nodename}.{os.getpid()}{_SUFFIX}"
    file = AppendFile(folder / name)
    file.append(event_record(Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()))
    if restart is not None:
        mark = SessionLog(status=SessionLog.START)
        file.append(event_record(Event(wall_time=time.time(), step=restart, session_log=mark).SerializeToString()))
    return file


def _bring_back(folder: Path, stored: object, frames: int, evaluating: int | None = None) -> bool:
    """Cuts the event files back to a checkpoint. Returns whether they fit it; if not, nothing was changed."""
    files = {path.name: path for path in _event_files(folder)}
    if not isinstance(stored, dict):
        return not frames and _remove_blank(files)
    if not stored.keys() <= files.keys():
        return False
    ours = {name: path for name, path in files.items() if name in stored or name.endswith(_SUFFIX)}
    kept = {path: _end_of_kept(path, stored.get(name, 0), frames, evaluating) for name, path in ours.items()}
    if None in kept.values():
        return False
    for path, end in kept.items():
        if not end and path.name not in stored:
            path.unlink()  # a start that was killed before its first checkpoint
        elif end is not None and path.stat().st_size > end:
            os.truncate(path, end)
    return True


def _remove_blank(files: Mapping[str, Path]) -> bool:
    """Removes files without rows, which a start leaves that is killed early. Returns whether there were no others."""
    if not all(name.endswith(_SUFFIX) and _end_of_kept(path, 0, 1 << 62) == 0 for name, path in files.items()):
        return False
    for path in files.values():
        path.unlink()
    return True


def _event_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"{_PREFIX}*") if path.is_file() and not path.is_symlink())


def _set_aside(folder: Path) -> Path | None:
    """Moves all event files to a new folder. Returns it; None if there are none."""
    found = sorted(folder.glob(f"{_PREFIX}*"))
    if not found:
        return None
    aside = aside_folder(folder.parent)
    (aside / folder.name).mkdir()
    for path in found:
        path.rename(aside / folder.name / path.name)
    return aside


def _second(path: Path) -> int:
    text = path.name.removeprefix(_PREFIX).partition(".")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) == 10 else 0


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


def _rows(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and _is_number(row.get("frames")) and abs(row["frames"]) < 1 << 62:
            yield row


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
