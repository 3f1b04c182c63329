"""The logs of one agent: JSON lines and TensorBoard events, in step with the checkpoints."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .append_file import AppendFile, UnusableLogs, sync_folder
from .event_log import FOLDER, EventLog, check_folder
from .log_repair import Repair, aside_folder, plan_repair

Row = Mapping[str, Any]
Say = Callable[[str], None]

FILES = ("scores", "metrics", "eval")


class RunRecords:
    """Every log file of one agent. The constructor only reads; `open` changes the files.

    Args:
      directory: the folder of the logs.
      sizes: as ``sizes()`` returned them at the checkpoint; empty for a new run.
      tensorboard: also write TensorBoard events.
      frames: environment frames of the checkpoint.
      say: prints what is unusual about the files.
      evaluating: environment frames of an evaluation that had not ended at the checkpoint; None if there is none.
      inner: whether the folder lies in the run directory, so that it may be made again; False: it is the run directory.
      ahead: most environment frames by which the score of an episode that ended with the checkpoint's last step stands
        behind ``frames``: those of one step of all environments. The record that ends it is not counted yet.
    """

    def __init__(
        self,
        directory: Path,
        sizes: Mapping[str, Any],
        *,
        tensorboard: bool,
        frames: int,
        say: Say,
        inner: bool = False,
        evaluating: int | None = None,
        ahead: int = 0,
    ) -> None:
        self._evaluating = evaluating
        self._directory, self._frames, self._say, self._inner = directory, frames, say, inner
        self._tensorboard, self._stored_events = tensorboard, sizes.get(FOLDER)
        self._repairs: dict[str, Repair] = {}
        if directory.is_symlink():
            raise UnusableLogs(f"{directory} is a link. Logs are not written through links: remove it")
        check_folder(directory / FOLDER)
        if not sizes and not frames:
            check_fresh(directory)
        for name in FILES:
            last = frames + ahead if name == "scores" else frames
            if name == "eval" and evaluating is not None:  # its row follows the checkpoint, though its frames do not
                last = evaluating - 1
            self._repairs[name] = plan_repair(_path(directory, name), sizes.get(name, None if frames else 0), last)

    def open(self) -> None:
        """Brings the files back to the checkpoint and opens them.

        Raises:
          UnusableLogs: a file is a link or no regular file.
          OSError: a file cannot be changed or opened.
        """
        for repair in self._repairs.values():
            repair.apply()
            if repair.message:
                self._say(repair.message)
        self._files = {name: AppendFile(_path(self._directory, name)) for name in FILES}
        self._last = _last_frames(self._files["metrics"].tail(1 << 16))
        self._events = None
        if self._tensorboard:
            logs = {name: _path(self._directory, name) for name in FILES}
            stored, evaluating = self._stored_events, self._evaluating
            self._events = EventLog(self._directory / FOLDER, stored, self._frames, logs, self._say, evaluating)
        sync_folder(self._directory)
        self._failed = False

    def write(self, name: str, row: Row) -> None:
        """Appends ``row`` to log ``name``. A second row of metrics at the same frames is not written.

        A full disk stops nothing: the row is written as soon as there is room.
        """
        if name == "metrics":
            if self._last is not None and row["frames"] <= self._last:
                return
            self._last = row["frames"]
        text = json.dumps({key: _plain(value) for key, value in row.items()}, allow_nan=False)
        self._files[name].append(text.encode() + b"\n")
        if self._events:
            self._events.add(name, row)
        self._report(self._files[name].failure)
        if cut := self._files[name].take_cut():
            self._say(f"{self._files[name].path} was cut by another process: {cut:,} bytes of rows are lost")

    def sizes(self) -> dict[str, Any]:
        """Bytes of each file, those in memory included, to be stored with a checkpoint."""
        sizes: dict[str, Any] = {name: file.size() for name, file in self._files.items()}
        return sizes | ({FOLDER: self._events.sizes()} if self._events else {})

    def sync(self) -> None:
        """Waits until all rows are on the disk. May be called from another thread than the other methods.

        Raises:
          OSError: they cannot be written, or a file is not in its place; they stay in memory.
        """
        if self._out_of_place():
            raise OSError(errno.ESTALE, "a log was removed or replaced", str(self._directory))
        for file in self._files.values():
            file.sync()
        if self._events:
            self._events.sync()
        self._failed = False

    def heal(self) -> None:
        """Puts back what was removed or replaced below the run directory, from the open files.

        A lost run directory is not made again here, because another run may be put in its place.

        Raises:
          OSError: it cannot be written.
        """
        if not self._out_of_place():
            return
        gone = [file for file in self._files.values() if not file.in_place()]
        events = self._events if self._events and not self._events.in_place() else None
        if self._directory.is_symlink() or not self._directory.is_dir():
            if not self._inner:
                return
            self._directory.mkdir()
        for file in gone:
            self._put_back(file)
        if events:
            events.start_over(self._directory / FOLDER, self._contents())
            self._say(f"{self._directory / FOLDER} was changed by another process; it was written again from the logs")
        sync_folder(self._directory)

    def try_heal(self) -> None:
        """Puts back what was removed or replaced, but only reports a failure; the next write tries again."""
        try:
            self.heal()
        except OSError as error:
            self._report(error)

    def move_to(self, directory: Path) -> None:
        """Writes the whole logs to another folder and goes on there."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, file in self._files.items():
            file.put_back(_path(directory, name))
        self._directory = directory
        if self._events:
            self._events.start_over(directory / FOLDER, self._contents())
        sync_folder(directory)

    def close(self) -> None:
        """Closes the files."""
        for file in self._files.values():
            file.close()
            self._report(file.failure)
        if self._events:
            self._events.close()

    def _out_of_place(self) -> bool:
        files: list[AppendFile | EventLog] = [*self._files.values(), *([self._events] if self._events else [])]
        return not all(file.in_place() for file in files)

    def _put_back(self, file: AppendFile) -> None:
        where = ""
        if os.path.lexists(file.path):
            aside = aside_folder(self._directory)
            file.path.rename(aside / file.path.name)
            where = f"; the file found there is now in {aside.name}/"
        file.put_back(file.path)
        self._say(f"{file.path} was removed or replaced by another process; it was written again{where}")

    def _report(self, failure: OSError | None) -> None:
        if failure is not None and not self._failed:
            self._failed = True
            reason = failure.strerror or failure
            self._say(
                f"cannot write the logs in {self._directory}: {reason}; rows stay in memory and are written later"
            )

    def _contents(self) -> dict[str, bytes]:
        return {name: file.content() for name, file in self._files.items()}


def check_fresh(directory: Path) -> None:
    """Checks that a folder has no rows, because there is no checkpoint that they belong to.

    Raises:
      UnusableLogs: it has; the message says how to go on.
    """
    for name in FILES:
        path = _path(directory, name)
        if path.is_file() and (size := path.stat().st_size):
            raise UnusableLogs(
                f"{path} has {size:,} bytes, but there is no checkpoint to continue from. Restore the checkpoints; or"
                " start from the beginning with --restart, which keeps the old files in a folder before-N; or use"
                " another --logdir"
            )


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.jsonl"


def _last_frames(content: bytes) -> float | None:
    """Returns the frames of the last row that can be read; None without one."""
    for line in reversed(content.splitlines()[-100:]):
        try:
            return float(json.loads(line)["frames"])
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            continue
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
