"""Environments in worker processes, for tasks that are slow in one process, mainly rendering.

Workers are started as fresh Python programs (`worker.py`), never forked: a fork copies the locks of JAX's threads
and MuJoCo's OpenGL in an undefined state. Workers do not import JAX. Orders and answers are single bytes in pipes,
numbers are in shared memory (`shared_memory.py`), and nothing is pickled. When the parent ends, for any reason, the
worker reads the end of its pipe and ends, too.

A worker that ends, hangs or reports an error is replaced, `RESTARTS` times in all. Its environments start new episodes,
with resets that no other start uses; the learner sees ``is_first``, and the driver never counts the lost episodes.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig

from ...base.spaces import ArraySpace
from ..protocol import Array, EnvError, EnvsFailed, Values, WaitEnded, check_action
from ..registry import has_native
from .shared_memory import SharedArrays
from .supervision import Supervision
from .worker_process import END_TIMEOUT, MAP, STEP, WorkerFailed, WorkerProcess

#: Workers that are replaced before the run stops.
RESTARTS = 3
#: The k-th replacement numbers its environments from k times this, so that it repeats no resets.
NUMBERS_PER_RESTART = 100_000_000


class ProcessEnvs:
    """E environments in worker processes, in shares as equal as possible; a `VectorEnv`.

    Within a worker they run natively or one after the other, as ``auto`` chooses for one process.

    Args:
      config: the run.
      first: number of the first environment within its agent.
      seed: seed of the agent.
      count: environments, E.
      workers: processes, at most `count`.
      supervision: the run's request to stop, its messages and the time limit.

    Raises:
      EnvError: an environment cannot be made, there is too little shared memory, or the system has none without a name
        (Windows).
    """

    def __init__(
        self,
        config: RunConfig,
        first: int,
        seed: int,
        count: int,
        workers: int,
        supervision: Supervision | None = None,
    ) -> None:
        if os.name != "posix":
            raise EnvError("env.backend=process needs Linux or macOS; set env.backend to auto or serial")
        backend = "native" if has_native(config) else "serial"
        inner = config.model_copy(update={"env": config.env.model_copy(update={"backend": backend, "workers": 1})})
        bounds = np.linspace(0, count, workers + 1).round().astype(int).tolist()
        self._shares = [slice(start, stop) for start, stop in itertools.pairwise(bounds)]
        self._order = {"config": inner.model_dump(mode="json"), "seed": seed, "count": count, "shown": first}
        self._count, self._first, self._restarts = count, first, 0
        self._supervision = supervision or Supervision(timeout=config.env.timeout)
        self._workers: list[WorkerProcess] = []
        try:
            self._file = tempfile.TemporaryFile(dir=_memory_folder())  # noqa: SIM115
        except OSError as error:
            raise EnvError(_no_memory(error)) from error
        try:
            for number in range(workers):
                self._workers.append(self._start(number, first))
            spaces = [worker.spaces() for worker in self._workers]
            self._obs_space, self._act_space = spaces[0]
            for number, theirs in enumerate(spaces):
                if theirs != spaces[0]:
                    raise EnvError(f"environments of worker process {number} and worker process 0 have other spaces")
            self._board = self._share()
            failed = self._send_all(MAP)
        except WorkerFailed as error:
            self.close()
            raise EnvError(str(error)) from error
        except BaseException:
            self.close()
            raise
        for number, reason in failed:
            self._replace(number, reason)

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
        """Acts in all workers at once; see `VectorEnv`. Environments of a replaced worker start an episode.

        Raises:
          ActionNotFinite: an action is not finite.
          EnvsFailed: workers failed more than `RESTARTS` times.
          WaitEnded: the run is to stop, and a worker does not answer.
        """
        for key, shared in self._board.actions.items():
            check_action(actions[key].reshape(self._count, -1))
            shared[:] = actions[key]
        self._board.reset[:] = reset
        for number, reason in self._send_all(STEP):
            self._replace(number, reason)
        return {key: shared.copy() for key, shared in self._board.values.items()}

    def state(self) -> None:
        """Returns None: the environments live in other processes and start new episodes after a resume."""

    def load(self, state: Mapping[str, Array]) -> None:
        """Always fails; see `state`.

        Raises:
          ValueError: always.
        """
        raise ValueError("environments in worker processes cannot be restored")

    def close(self) -> None:
        """Ends the workers."""
        for worker in self._workers:
            worker.request_end()
        deadline = time.monotonic() + END_TIMEOUT
        for worker in self._workers:
            worker.wait_for_end(max(0.0, deadline - time.monotonic()))
        self._file.close()

    def _share(self) -> SharedArrays:
        try:
            return SharedArrays(self._file.fileno(), self._obs_space, self._act_space, self._count)
        except OSError as error:
            raise EnvError(_no_memory(error)) from error

    def _start(self, number: int, first: int) -> WorkerProcess:
        share = self._shares[number]
        order: dict[str, Any] = {"first": first, "start": share.start, "stop": share.stop, "file": self._file.fileno()}
        return WorkerProcess(number, self._order | order, self._supervision)

    def _send_all(self, byte: bytes) -> list[tuple[int, str]]:
        """Sends an order to all workers and waits for them. Returns the number of each worker that failed, and why."""
        failed: dict[int, str] = {}
        for number, worker in enumerate(self._workers):
            try:
                worker.order(byte)
            except WorkerFailed as error:
                failed[number] = str(error)
        for number, worker in enumerate(self._workers):
            if number not in failed:
                try:
                    worker.answer()
                except WorkerFailed as error:
                    failed[number] = str(error)
        return sorted(failed.items())

    def _replace(self, number: int, reason: str) -> None:
        """Starts a worker again, with new episodes.

        Raises:
          EnvsFailed: there were `RESTARTS` replacements before.
          WaitEnded: the run is to stop.
        """
        share = self._shares[number]
        lost = int((~self._board.reset[share]).sum())
        while True:
            self._workers[number].kill()
            if self._supervision.stop():
                raise WaitEnded(reason)
            if self._restarts >= RESTARTS:
                raise EnvsFailed(f"{reason}. Worker processes were started again {RESTARTS} times before")
            self._restarts += 1
            episodes = f"{lost} running episode{'s are' if lost != 1 else ' is'} lost"
            self._supervision.say(f"{reason}. It is started again ({self._restarts} of {RESTARTS}); {episodes}")
            try:
                worker = self._workers[number] = self._start(number, self._restarts * NUMBERS_PER_RESTART + self._first)
                if worker.spaces() != (self._obs_space, self._act_space):
                    raise EnvsFailed(f"{reason}. Started again, its environments have other spaces")
                self._board.reset[share] = True
                for byte in (MAP, STEP):
                    worker.order(byte)
                    worker.answer()
                return
            except WorkerFailed as error:
                reason = str(error)
            except (EnvsFailed, WaitEnded):
                raise
            except EnvError as error:
                raise EnvsFailed(f"{reason}. It cannot be started again: {error}") from error


def _no_memory(error: OSError) -> str:
    where = _memory_folder() or "the folder for temporary files"
    return (
        f"worker processes cannot share memory in {where}: {error.strerror or error}. Make it larger (in a container"
        " --shm-size), lower run.envs, or set env.backend to auto or serial"
    )


def _memory_folder() -> str | None:
    """Returns a folder that is kept in memory, if the system has one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None
