"""Environments in worker processes, for tasks that are slow in one process, mainly rendering.

Workers are started as fresh Python programs (`worker.py`), never forked: a fork copies the locks of JAX's threads
and MuJoCo's OpenGL in an undefined state. Workers do not import JAX. Orders and answers are single bytes in pipes,
numbers are in shared memory (`shared_memory.py`), and nothing is pickled. When the parent ends, for any reason, the
worker reads the end of its pipe and ends, too.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig

from ..base.spaces import ArraySpace
from .protocol import Array, EnvError, Values
from .shared_memory import SharedArrays, spaces_from_json

#: Bytes of the protocol between parent and worker.
MAP, STEP, DONE, FAILED = b"m", b"s", b".", b"!"
#: Seconds to wait for the end of a worker before it is killed.
END_TIMEOUT = 5.0
#: Environment of a worker: one thread per library, because the workers run in parallel.
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class ProcessEnvs:
    """E environments in worker processes, in shares as equal as possible; a `VectorEnv`.

    Within a worker they run natively or one after the other, as ``auto`` chooses for one process.

    Args:
      config: the run.
      first: number of the first environment within its agent.
      seed: seed of the agent.
      count: environments, E.
      workers: processes, at most `count`.

    Raises:
      EnvError: an environment cannot be made, or the system has no unnamed shared memory (Windows).
    """

    def __init__(self, config: RunConfig, first: int, seed: int, count: int, workers: int) -> None:
        if os.name != "posix":
            raise EnvError("env.backend=process needs Linux or macOS; set env.backend to auto or serial")
        backend = "serial" if config.env.observation == "vision" else "native"
        inner = config.model_copy(update={"env": config.env.model_copy(update={"backend": backend, "workers": 1})})
        bounds = np.linspace(0, count, workers + 1).round().astype(int).tolist()
        self._count = count
        self._workers: list[WorkerProcess] = []
        with tempfile.TemporaryFile(dir=_memory_folder()) as file:
            try:
                for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
                    order = {"config": inner.model_dump(mode="json"), "first": first, "seed": seed, "count": count}
                    order |= {"start": start, "stop": stop, "file": file.fileno()}
                    self._workers.append(WorkerProcess(number, order))
                spaces = [worker.spaces() for worker in self._workers]
                self._obs_space, self._act_space = spaces[0]
                self._board = SharedArrays(file.fileno(), self._obs_space, self._act_space, count)
                self._send_all(MAP)
            except BaseException:
                self.close()
                raise

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations; see `VectorEnv`."""
        return self._obs_space

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions; see `VectorEnv`."""
        return self._act_space

    def __len__(self) -> int:
        return self._count

    def step(self, actions: Mapping[str, Array], reset: Array) -> Values:
        """Acts in all workers at once; see `VectorEnv`."""
        for key, shared in self._board.actions.items():
            shared[:] = actions[key]
        self._board.reset[:] = reset
        self._send_all(STEP)
        return {key: shared.copy() for key, shared in self._board.values.items()}

    def close(self) -> None:
        """Ends the workers."""
        for worker in self._workers:
            worker.request_end()
        for worker in self._workers:
            worker.wait_for_end()

    def _send_all(self, byte: bytes) -> None:
        for worker in self._workers:
            worker.order(byte)
        for worker in self._workers:
            worker.answer()


class WorkerProcess:
    """The parent's handle of one worker process."""

    def __init__(self, number: int, order: dict[str, Any]) -> None:
        last = order["first"] + order["stop"] - 1
        self._name = f"worker process {number} (environments {order['first'] + order['start']} to {last})"
        roots = [str(Path(sys.modules[name].__path__[0]).parent) for name in ("dreamerguard_agent", "dreamerguard")]
        paths = os.pathsep.join([*dict.fromkeys(roots), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dreamerguard_agent.envs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | SINGLE | {"PYTHONPATH": paths},
            pass_fds=[order["file"]],
        )
        self.order(json.dumps(order).encode() + b"\n")

    def spaces(self) -> tuple[dict[str, ArraySpace], dict[str, ArraySpace]]:
        """Waits for the environments and returns their observation and action spaces.

        Raises:
          EnvError: the environments cannot be made.
        """
        self.answer()
        answer = json.loads(self._line())
        return spaces_from_json(answer["obs_space"]), spaces_from_json(answer["act_space"])

    def order(self, data: bytes) -> None:
        """Sends an order.

        Raises:
          EnvError: the worker has ended.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            self.answer()  # raises the error that the worker reported before it ended

    def answer(self) -> None:
        """Waits until the worker has carried out the order.

        Raises:
          EnvError: the order failed, or the worker has ended.
        """
        assert self._process.stdout
        byte = self._process.stdout.read(1)
        if byte == DONE:
            return
        if byte == FAILED:
            answer = json.loads(self._line())
            raise EnvError(answer["message"] if answer["known"] else f"{self._name} failed: {answer['message']}")
        raise EnvError(f"{self._name} {_exit_reason(self._process.wait())}")

    def request_end(self) -> None:
        """Closes the pipe, which ends the worker."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # the worker has already ended
            self._process.stdin.close()

    def wait_for_end(self) -> None:
        """Waits for the end of the worker, and kills it after `END_TIMEOUT` seconds."""
        try:
            self._process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()

    def _line(self) -> bytes:
        assert self._process.stdout
        return self._process.stdout.readline()


def _exit_reason(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}; its output above states the cause"
    name = signal.Signals(-code).name
    memory = ", as the system does when memory runs out; reduce env.workers" if name == "SIGKILL" else ""
    return f"was ended by {name}{memory}"


def _memory_folder() -> str | None:
    """Returns a folder that is kept in memory, if the system has one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None
