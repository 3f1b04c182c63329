"""Makes a worker process fail once. Python imports this module at the start of every program that has it on its path.

The environment variable ``WORKER_FAULTS`` names a folder with one file per fault. The worker that steps its
environments for the fifth time takes a file, by deleting it, and fails as the name of the file says.
"""

import os
import signal
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ.get("WORKER_FAULTS", "/nowhere"))
#: Steps before a fault. The first one starts the episodes.
SOUND = 4


def take(kind: str) -> bool:
    for path in sorted(FOLDER.glob(f"{kind}*")):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        return True
    return False


def fail(answers: list[int]) -> None:
    if take("exception"):
        raise RuntimeError("the arm fell off")
    if take("garbage"):
        os.write(answers[0], b"hello\n")
    if take("extra"):
        os.write(answers[0], b"..")
    if take("half"):
        os.write(answers[0], b"!{")
        os._exit(0)
    if take("exit"):
        os._exit(7)
    if take("segfault"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if take("suspend"):
        os.kill(os.getpid(), signal.SIGSTOP)
    if take("sleep"):
        time.sleep(3600)


def install() -> None:
    import dreamerguard_agent.envs.factory as factory

    answers: list[int] = []
    dup, make = os.dup, factory.make_envs

    def recorded(file: int) -> int:
        answers.append(dup(file))
        return answers[-1]

    def make_envs(*words: object) -> object:
        if take("start"):
            os._exit(9)
        envs, steps = make(*words), iter(range(10**9))
        step, reset_once = envs.step, iter([True])

        def failing(actions: object, reset: object) -> object:
            if next(reset_once, False) and take("reset"):
                os._exit(8)
            if next(steps) >= SOUND:
                fail(answers)
            return step(actions, reset)

        envs.step = failing
        return envs

    os.dup, factory.make_envs = recorded, make_envs


if "dreamerguard_agent.envs.vector.worker" in sys.orig_argv:
    install()
