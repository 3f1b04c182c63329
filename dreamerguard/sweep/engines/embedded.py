"""The embedded engine: worker processes on this machine, with slots of cores and GPUs.

A pool of `concurrent.futures` ends its processes with their parent. A run must survive a controller that is killed, so
workers are started in sessions of their own; a later controller finds them by their locks.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.machine import detect_machine
from dreamerguard.sweep.jobs.job_folder import read_job, write_job
from dreamerguard.sweep.jobs.worker_lock import is_held
from dreamerguard.sweep.plan.sweep_file import EngineSettings

from .interface import EngineError, WorkerLaunch
from .slots import Slots

_VISIBLE = "CUDA_VISIBLE_DEVICES"
#: Seconds between two looks for ended workers, and longest time in which a worker that has stored its end is gone.
_PAUSE, _ENDING = 0.1, 10.0


class EmbeddedEngine:
    """Starts workers on this machine.

    Args:
      settings: slots of the sweep file.

    Raises:
      EngineError: this machine has not what one run takes.
    """

    name = "embedded"

    def __init__(self, settings: EngineSettings) -> None:
        self._slots = Slots.of_machine(settings, detect_machine(), os.environ.get(_VISIBLE))
        self._own: dict[str, subprocess.Popen[bytes]] = {}
        self._folders: dict[str, Path] = {}
        self._adopted: dict[str, Path] = {}

    def room(self) -> int:
        """Returns the number of free slots."""
        return self._slots.free

    def submit(self, launches: Sequence[WorkerLaunch]) -> Mapping[str, str]:
        """Starts workers at once."""
        return {launch.name: self._start(launch) for launch in launches}

    def _start(self, launch: WorkerLaunch) -> str:
        earlier = self._own.pop(launch.name, None)
        if earlier is not None:  # it has stored its end, and is about to be gone
            earlier.wait()
            self._slots.give_back(launch.name)
        gpus = self._slots.take(launch.name)
        if gpus is not None:
            env = {**launch.job.env, _VISIBLE: ",".join(gpus)}
            write_job(launch.folder, replace(launch.job, env=env))
        try:
            process = subprocess.Popen(launch.words, stdin=subprocess.DEVNULL, start_new_session=True)
        except OSError as error:
            self._slots.give_back(launch.name)
            raise EngineError(f"no process can be started: {error.strerror or error}") from error
        self._own[launch.name], self._folders[launch.name] = process, launch.folder
        return f"process {process.pid}" + (f", GPU {','.join(gpus)}" if gpus else "")

    def adopt(self, name: str, folder: Path, job: str) -> None:
        """Keeps the slot of a worker that an earlier controller started, if it runs."""
        if not is_held(folder):
            return
        self._adopted[name] = folder
        try:
            visible = read_job(folder).env.get(_VISIBLE)
        except (OSError, ValueError):
            visible = None
        self._slots.keep(name, visible.split(",") if visible else None)

    def alive(self) -> set[str]:
        """Returns the runs whose workers run."""
        for name in [name for name, process in self._own.items() if process.poll() is not None]:
            del self._own[name]
            self._slots.give_back(name)
        for name in [name for name, folder in self._adopted.items() if not is_held(folder)]:
            del self._adopted[name]
            self._slots.give_back(name)
        return {*self._own, *self._adopted}

    def cancel(self, names: Collection[str]) -> None:
        """Does nothing: there is no queue."""

    def wait(self, seconds: float) -> None:
        """Waits; returns early when a worker of this controller has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _PAUSE))
            if any(process.poll() is not None for process in self._own.values()):
                return

    def close(self) -> None:
        """Waits for workers that have just ended. Those that still run go on, and a later controller adopts them."""
        for name in self.alive() & self._own.keys():
            with suppress(subprocess.TimeoutExpired):
                self._own[name].wait(_ENDING if not is_held(self._folders[name]) else 0)
