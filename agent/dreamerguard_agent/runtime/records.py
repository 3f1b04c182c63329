"""The log files of a run: JSON lines that can be cut back to a checkpoint, and TensorBoard events.

``scores.jsonl`` has one line per finished training episode, ``metrics.jsonl`` one per logging interval, ``eval.jsonl``
one per evaluation. x is always ``frames``, environment frames. A run that continues from a checkpoint first cuts the
files back to their sizes at the checkpoint, so no frame is reported twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

Row = Mapping[str, Any]


class JsonLines:
    """An append-only file with one JSON object per line. Non-finite numbers become null, because JSON has none."""

    def __init__(self, path: Path, keep: int = 0) -> None:
        """Opens ``path`` and keeps its first ``keep`` bytes."""
        self._file = path.open("ab")
        self._file.truncate(keep)
        self._file.seek(0, 2)

    def append(self, row: Row) -> None:
        """Writes and flushes one line, so that a reader never sees half of it and a kill loses nothing."""
        text = json.dumps({key: _plain(value) for key, value in row.items()}, allow_nan=False)
        self._file.write(text.encode() + b"\n")
        self._file.flush()

    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class RunRecords:
    """Every log file of one run directory."""

    FILES = ("scores", "metrics", "eval")

    def __init__(self, directory: Path, sizes: Mapping[str, int], *, tensorboard: bool, frames: int = 0) -> None:
        """Opens the log files.

        Args:
          directory: the run directory.
          sizes: bytes to keep of each file, as ``sizes()`` returned them at the checkpoint; missing means 0.
          tensorboard: also write TensorBoard events.
          frames: environment frames of the checkpoint; later events of an earlier process are hidden.
        """
        self._files = {name: JsonLines(directory / f"{name}.jsonl", sizes.get(name, 0)) for name in self.FILES}
        self._events = _Events(directory / "tensorboard", frames) if tensorboard else None

    def write(self, name: str, row: Row) -> None:
        """Appends ``row`` to file ``name``; its ``frames`` is the x of the TensorBoard events."""
        self._files[name].append(row)
        if self._events:
            self._events.add(name, row)

    def sizes(self) -> dict[str, int]:
        """Bytes of each file, to be stored with a checkpoint."""
        return {name: file.size() for name, file in self._files.items()}

    def __enter__(self) -> RunRecords:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
        if self._events:
            self._events.close()


class SeedRecords:
    """The log files of every agent of a run.

    A single agent logs into the run directory itself. Several log into ``seed<k>/`` below it, each as in a
    separate run, so that readers of runs find them there.

    Args:
      directory: the run directory.
      seeds: seeds of the agents.
      sizes: as ``sizes()`` returned them at the checkpoint; empty for a new run.
      tensorboard: also write TensorBoard events.
      frames: environment frames of the checkpoint.
    """

    def __init__(
        self, directory: Path, seeds: Sequence[int], sizes: Mapping[str, Any], *, tensorboard: bool, frames: int = 0
    ) -> None:
        self._alone = len(seeds) == 1
        self._records = {}
        for seed in seeds:
            kept = sizes if self._alone else sizes.get(str(seed), {})
            folder = seed_directory(directory, seed, len(seeds))
            folder.mkdir(exist_ok=True)
            self._records[seed] = RunRecords(folder, kept, tensorboard=tensorboard, frames=frames)

    def write(self, seed: int, name: str, row: Row) -> None:
        """Appends ``row`` to file ``name`` of the agent with ``seed``."""
        self._records[seed].write(name, row)

    def sizes(self) -> dict[str, Any]:
        """Bytes of each file, to be stored with a checkpoint: by seed where there are several."""
        sizes = {str(seed): records.sizes() for seed, records in self._records.items()}
        return next(iter(sizes.values())) if self._alone else sizes

    def __enter__(self) -> SeedRecords:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for records in self._records.values():
                stack.push(records)


def seed_directory(directory: Path, seed: int, seeds: int) -> Path:
    """Returns the log directory of the agent with ``seed`` in a run of ``seeds`` agents."""
    return directory if seeds == 1 else directory / f"seed{seed}"


class _Events:
    """TensorBoard scalars, written with TensorBoard's own writer (no torch, no TensorFlow)."""

    def __init__(self, directory: Path, frames: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._event, self._summary = Event, Summary
        self._writer = EventFileWriter(str(directory))
        if frames:  # A restart marker lets TensorBoard drop the events that the resumed run writes again.
            self._writer.add_event(Event(step=frames, session_log=SessionLog(status=SessionLog.START)))

    def add(self, name: str, row: Row) -> None:
        prefix = {"scores": "episode/", "eval": "eval/"}.get(name, "")
        values = [
            self._summary.Value(tag=prefix + key, simple_value=float(value))
            for key, value in row.items()
            if isinstance(value, (int, float)) and key != "frames"
        ]
        self._writer.add_event(self._event(step=int(row["frames"]), summary=self._summary(value=values)))

    def close(self) -> None:
        self._writer.close()


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
