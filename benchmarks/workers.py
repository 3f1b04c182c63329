"""Starts the processes that `benchmarks.update` and `benchmarks.gpu` time, and asks them for updates; see `serving`."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class WorkerEnded(Exception):
    """A worker ended, or gave no answer in time; the message has the end of its output."""


@dataclass
class Worker:
    """A process that does updates on request.

    Attributes:
      name: what it is called in tables.
      about: its description of itself; empty until `wait` has returned.
      turns: wall-clock and processor seconds of every update, by turn.
      peak_gib: peak memory of the process.
    """

    name: str
    process: subprocess.Popen[str]
    output: Path | None = None
    about: dict[str, Any] = field(default_factory=dict)
    turns: list[list[list[float]]] = field(default_factory=list)
    peak_gib: float = 0.0
    _lines: queue.Queue[str] = field(default_factory=queue.Queue)
    _reader: threading.Thread | None = None

    @classmethod
    def launch(
        cls, name: str, command: list[str], environment: dict[str, str] | None = None, output: Path | None = None
    ) -> Worker:
        """Starts a worker and returns at once.

        Args:
          name: what it is called in tables.
          command: its command line.
          environment: variables to add to those of this process.
          output: file for what it prints besides its answers; by default the standard error of this process.
        """
        pipe = subprocess.PIPE
        with output.open("w") if output else open(os.dup(2), "w") as errors:  # noqa: PTH123
            process = subprocess.Popen(
                command,
                stdin=pipe,
                stdout=pipe,
                stderr=errors,
                text=True,
                cwd=ROOT,
                env=os.environ | (environment or {}),
            )
        worker = cls(name, process, output)
        worker._reader = threading.Thread(target=worker._collect, daemon=True)
        worker._reader.start()
        return worker

    def wait(self, until: float | None = None) -> None:
        """Waits until the update is compiled, at most until the monotonic time ``until``.

        Raises:
          WorkerEnded: the process ended, or the time is over.
        """
        self.about = self._read(until)

    def run(self, updates: int, until: float | None = None) -> list[list[float]]:
        """Does ``updates`` updates and returns wall-clock and processor seconds of each.

        Raises:
          WorkerEnded: the process ended, or the time is over.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{updates}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        answer = self._read(until)
        self.peak_gib = answer["peak_gib"]
        times: list[list[float]] = answer["times"]
        return times

    def stop(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._reader is not None:
            self._reader.join()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as answers:
            for line in answers:
                self._lines.put(line)
        self._lines.put("")

    def _read(self, until: float | None) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=None if until is None else max(0.01, until - time.monotonic()))
        except queue.Empty:
            raise WorkerEnded(f"{self.name} gave no answer in time; {self._tail()}") from None
        if not line:
            raise self._ended()
        message: dict[str, Any] = json.loads(line)
        return message

    def _ended(self) -> WorkerEnded:
        return WorkerEnded(f"{self.name} ended early with status {self.process.wait()}; {self._tail()}")

    def _tail(self) -> str:
        return self.output.read_text(errors="replace")[-2000:] if self.output else "its output is above"


def summary(worker: Worker, base: Worker) -> dict[str, Any]:
    """Returns the medians of one worker, and the median over turns of its ratio to the base."""
    wall, cpu = ([time[kind] for turn in worker.turns for time in turn] for kind in (0, 1))

    def ratio(kind: int) -> float:
        pairs = zip(worker.turns, base.turns, strict=False)
        return statistics.median(sum(t[kind] for t in ours) / sum(t[kind] for t in first) for ours, first in pairs)

    return {
        "name": worker.name,
        "wall_ms": 1e3 * statistics.median(wall),
        "wall_ms_min": 1e3 * min(wall),
        "cpu_ms": 1e3 * statistics.median(cpu),
        "wall_ratio": ratio(0),
        "cpu_ratio": ratio(1),
        "peak_gib": worker.peak_gib,
        **worker.about,
    }
