"""A worker process: ``python -m dreamerguard_agent.envs.vector.worker``, started only by `process.py`.

The first line of standard input is an order in JSON: the run and the environments to make. Every later byte is an
order: to map the shared memory, or to step. The worker ends at the end of its input, which comes when the parent ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Any, BinaryIO

from dreamerguard.schema import RunConfig

from ..factory import make_envs
from ..protocol import EnvError, VectorEnv
from .shared_memory import SharedArrays, spaces_to_json
from .worker_process import DONE, FAILED, MAP, STEP

#: Signals that ask a run to stop.
STOPPING = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
]
#: ``prctl``: a signal that this process gets when its parent ends.
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Works until the parent closes the pipe or ends."""
    for number in STOPPING:  # they reach the whole process group or job; the parent closes the pipe when it is done
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()
    with os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        os.dup2(2, 1)  # output of libraries must not be read as an answer
        try:
            work(sys.stdin.buffer, answers)
        except BrokenPipeError:
            pass  # the parent has ended
        except Exception as error:
            fail(answers, error)


def end_with_parent() -> None:
    """Asks Linux to end this process with its parent, also while it hangs or is suspended and reads no pipe."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def work(orders: BinaryIO, answers: BinaryIO) -> None:
    """Carries out orders until the input ends."""
    line = orders.readline()
    if not line:
        return
    order = json.loads(line)
    start, stop = order["start"], order["stop"]
    config = RunConfig.model_validate(order["config"])
    envs = make_envs(config, order["first"] + start, order["seed"], stop - start)
    spaces = {"obs_space": spaces_to_json(envs.obs_space), "act_space": spaces_to_json(envs.act_space)}
    answers.write(DONE + json.dumps(spaces).encode() + b"\n")
    try:
        obey(orders, answers, envs, order)
    finally:
        envs.close()


def obey(orders: BinaryIO, answers: BinaryIO, envs: VectorEnv, order: dict[str, Any]) -> None:
    """Steps this worker's share of the environments: reads actions from shared memory and writes results to it."""
    share = slice(order["start"], order["stop"])
    shared: SharedArrays | None = None
    while byte := orders.read(1):
        if byte == MAP:
            shared = SharedArrays(order["file"], envs.obs_space, envs.act_space, order["count"])
            os.close(order["file"])
        elif byte == STEP and shared is not None:
            actions = {key: value[share] for key, value in shared.actions.items()}
            for key, value in envs.step(actions, shared.reset[share]).items():
                shared.values[key][share] = value
        else:
            raise ValueError(f"unknown order {byte!r}")
        answers.write(DONE)


def fail(answers: BinaryIO, error: Exception) -> None:
    """Reports an error to the parent in one message."""
    known = isinstance(error, EnvError)
    message = str(error) if known else f"{type(error).__name__}: {error}"
    answers.write(FAILED + json.dumps({"known": known, "message": message}).encode() + b"\n")


if __name__ == "__main__":
    main()
