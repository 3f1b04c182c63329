"""The parent's handle of one worker process. Never waits without a limit."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ...base.spaces import ArraySpace
from ..protocol import EnvError, WaitEnded
from .shared_memory import spaces_from_json
from .supervision import StepTimes, Supervision

#: Bytes of the protocol between parent and worker.
MAP, STEP, DONE, FAILED = b"m", b"s", b".", b"!"
#: Seconds to wait for the end of a worker before it is killed.
END_TIMEOUT = 5.0
#: Minimum limit in seconds for the start of a worker: it loads its libraries from a disk that may be slow.
START_TIMEOUT = 600.0
#: Seconds between two looks at the clock, and seconds for an answer once the run is to stop.
SLICE, GRACE = 0.25, 3.0
#: Longest answer in bytes.
LONGEST = 1 << 20
#: Environment of a worker: one thread per library, because the workers run in parallel.
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class WorkerFailed(Exception):
    """A worker process ended, hangs, or reported an error. The message names the worker."""


class WorkerProcess:
    """One worker process.

    Args:
      number: number of the worker, for messages.
      order: environments to make, see `worker.py`.
      supervision: the run.
    """

    def __init__(self, number: int, order: dict[str, Any], supervision: Supervision) -> None:
        first, last = order["shown"] + order["start"], order["shown"] + order["stop"] - 1
        self._name = f"worker process {number} (environments {first} to {last})"
        self._supervision, self._times = supervision, StepTimes(supervision.timeout)
        self._received = bytearray()
        roots = [str(Path(sys.modules[name].__path__[0]).parent) for name in ("dreamerguard_agent", "dreamerguard")]
        paths = os.pathsep.join([*dict.fromkeys(roots), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dreamerguard_agent.envs.vector.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | SINGLE | {"PYTHONPATH": paths},
            pass_fds=[order["file"]],
        )
        assert self._process.stdin and self._process.stdout
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._answers, selectors.EVENT_READ)
        self._send(json.dumps(order).encode() + b"\n")

    def spaces(self) -> tuple[dict[str, ArraySpace], dict[str, ArraySpace]]:
        """Waits for the environments and returns their observation and action spaces.

        Raises:
          EnvError: the environments cannot be made; the message is for users.
          WorkerFailed: the worker has ended or hangs.
          WaitEnded: the run is to stop.
        """
        limit = max(START_TIMEOUT, self._supervision.timeout)
        self._check_answer(self._take(1, limit), limit, starting=True)
        line = self._line(limit)
        try:
            answer = json.loads(line)
            return spaces_from_json(answer["obs_space"]), spaces_from_json(answer["act_space"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._unreadable(line) from error

    def order(self, byte: bytes) -> None:
        """Sends an order of one byte.

        Raises:
          WorkerFailed: the worker has ended, or sent something that nobody asked for.
        """
        if self._received:
            raise self._unreadable(bytes(self._received))
        self._send(byte)

    def answer(self) -> None:
        """Waits until the worker has carried out the order.

        Raises:
          WorkerFailed: the order failed, or the worker has ended or hangs.
          WaitEnded: the run is to stop, and the worker does not answer.
        """
        began, limit = time.monotonic(), self._times.limit
        self._check_answer(self._take(1, limit), limit)
        self._times.add(time.monotonic() - began)

    def kill(self) -> None:
        """Ends the worker at once."""
        self._process.kill()
        self.wait_for_end(END_TIMEOUT)

    def request_end(self) -> None:
        """Closes the pipe, which ends the worker."""
        with contextlib.suppress(OSError):  # the worker has already ended
            self._orders.close()

    def wait_for_end(self, seconds: float) -> None:
        """Waits for the end of the worker, and kills it after some seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.request_end()
        self._selector.close()
        self._answers.close()

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the answer says why the worker has ended
            self._orders.write(data)

    def _check_answer(self, byte: bytes, limit: float, starting: bool = False) -> None:
        if byte == DONE:
            return
        if byte != FAILED:
            raise self._unreadable(byte + bytes(self._received))
        line = self._line(limit)
        try:
            answer = json.loads(line)
            known, message = bool(answer["known"]), str(answer["message"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._unreadable(line) from error
        if known and starting:
            raise EnvError(message)
        raise WorkerFailed(f"{self._name} failed: {message}")

    def _take(self, size: int, limit: float) -> bytes:
        while len(self._received) < size:
            self._fill(limit)
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _line(self, limit: float) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > LONGEST:
                raise self._unreadable(bytes(self._received))
            self._fill(limit)
        return self._take(end + 1, limit)

    def _fill(self, limit: float) -> None:
        self._wait(limit)
        data = os.read(self._answers.fileno(), 1 << 16)
        if not data:
            try:
                code = self._process.wait(END_TIMEOUT)
            except subprocess.TimeoutExpired:
                raise WorkerFailed(f"{self._name} closed its pipe") from None
            raise WorkerFailed(f"{self._name} {_exit_reason(code)}")
        self._received += data

    def _wait(self, limit: float) -> None:
        """Waits for data. Time in which this process itself was suspended counts little."""
        waited = stopping = 0.0
        while True:
            began = time.monotonic()
            if self._selector.select(SLICE):
                return
            passed = min(time.monotonic() - began, 2 * SLICE)
            waited += passed
            if self._supervision.stop():
                stopping += passed
                if stopping >= GRACE:
                    raise WaitEnded(f"{self._name} does not answer")
            if waited >= limit:
                raise WorkerFailed(f"{self._name} did not answer within {limit:.0f} s (env.timeout sets the limit)")

    def _unreadable(self, data: bytes) -> WorkerFailed:
        return WorkerFailed(f"{self._name} sent an answer that cannot be read: {data[:40]!r}")


def _exit_reason(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}; its output above states the cause"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    memory = ", as the system does when memory runs out (fewer env.workers need less)" if name == "SIGKILL" else ""
    return f"was ended by {name}{memory}"
