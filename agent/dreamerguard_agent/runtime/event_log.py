"""TensorBoard scalars of a run, equal to its JSON lines after any number of kills and resumes.

Every start writes its own event file. A checkpoint states the size of every file; a resumed run cuts them back to it
and removes those of starts in between. Where the files do not fit the checkpoint, they are set aside and written again
from the JSON lines. Records are written at once, without the queue and the thread of TensorBoard's own writer.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .append_file import AppendFile, check_regular
from .event_record import event_record
from .event_repair import PREFIX, SUFFIX, bring_back, event_files, set_aside

FOLDER = "tensorboard"
_TAGS = {"scores": "episode/", "eval": "eval/"}
_TAIL = 1 << 22

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
        fits = bring_back(folder, stored, frames, evaluating)
        if not fits and (aside := set_aside(folder)):
            say(f"{folder} does not fit its checkpoint: kept as it was in {aside.name}/; written again from the logs")
        self._file = _new_file(folder, None if fits and not frames else frames + 1 if fits else 0)
        self._writer = _Writer(self._file)
        if not fits:
            self._write_again({name: path.read_bytes() for name, path in logs.items() if path.exists()})
        elif frames and "scores" in logs:
            self._repeat_dropped(logs["scores"], frames)

    def add(self, name: str, row: Row) -> None:
        """Writes the numbers of a row of log ``name`` at the row's frames."""
        self._writer.add(name, row, time.time())

    def sizes(self) -> dict[str, int]:
        """Returns the size of every event file, to be stored with a checkpoint."""
        sizes = {path.name: path.stat().st_size for path in event_files(self._folder)}
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

    def _repeat_dropped(self, scores: Path, frames: int) -> None:
        """Writes the scores behind the checkpoint's frames once more: readers drop them at the start of a new file."""
        for row in _rows(_tail(scores)):
            if row["frames"] > frames:
                self._writer.add("scores", row, float(row["time"]) if _is_number(row.get("time")) else time.time())

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

    last = max((_second(path) for path in event_files(folder)), default=0)
    name = f"{PREFIX}{max(int(time.time()), last + 1):010d}.{os.uname().nodename}.{os.getpid()}{SUFFIX}"
    file = AppendFile(folder / name)
    file.append(event_record(Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()))
    if restart is not None:
        mark = SessionLog(status=SessionLog.START)
        file.append(event_record(Event(wall_time=time.time(), step=restart, session_log=mark).SerializeToString()))
    return file


def _second(path: Path) -> int:
    text = path.name.removeprefix(PREFIX).partition(".")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) == 10 else 0


def _rows(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and _is_number(row.get("frames")) and abs(row["frames"]) < 1 << 62:
            yield row


def _tail(path: Path) -> bytes:
    """Returns the end of a file, far more than the scores of one step of all environments."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            return file.read()
    except FileNotFoundError:
        return b""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
