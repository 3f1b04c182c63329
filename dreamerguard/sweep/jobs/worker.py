"""The worker of a run: a program of its own that runs one attempt and stores how it ended.

    python -m dreamerguard.sweep.jobs.worker FOLDER ATTEMPT

It takes the run's lock, so a run that two controllers start runs once. It forwards signals to the program, and asks it
to stop if the controller says so in ``stop.json``. Its exit code is that of the program, or `BUSY` if it ran nothing.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from dreamerguard.guard.child import Child
from dreamerguard.guard.child import Ending as ChildEnding
from dreamerguard.guard.signals import Signals

from .job_folder import OUTPUT, AttemptEnd, RunJob, StopRequest, read_ending, read_job, read_stop, write_ending
from .worker_lock import HeldElsewhere, WorkerLock

#: Exit code of a worker that ran nothing, because another one runs the run or has run this attempt.
BUSY = 75
#: Exit codes of shells for a program that cannot be executed and for one that does not exist.
NOT_EXECUTABLE, NOT_FOUND = 126, 127
#: Slurm sends the warning before a time limit to every process of a job, and most programs would die of SIGUSR2.
_IN_SLURM, _TRANSLATED = "SLURM_JOB_ID", {signal.SIGUSR2: signal.SIGTERM}
#: Seconds between two looks for a request to stop.
_INTERVAL = 1.0
#: Signals by which users, schedulers and terminals ask a program to end.
_ASKING = frozenset(
    128 + number
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
)


def main() -> int:
    """Runs the attempt that the arguments name."""
    folder, attempt = Path(sys.argv[1]), int(sys.argv[2])
    try:
        lock = WorkerLock(folder, attempt)
    except HeldElsewhere:
        return BUSY
    try:
        earlier = read_ending(folder)
        if earlier is not None and not may_run(earlier, attempt):
            return BUSY
        ending = _run(folder, attempt, earlier.seconds if earlier is not None else 0.0)
        write_ending(folder, ending)
        return ending.code
    finally:
        lock.release()


def may_run(earlier: AttemptEnd, attempt: int) -> bool:
    """Returns whether an attempt may run after what is known to have ended.

    A worker may start late, after its controller was killed and a later one has run the run to its end. A job that a
    scheduler puts back into its queue runs the same attempt again, if a signal ended it.
    """
    if earlier.code == 0 or earlier.stop == "hopeless" or earlier.attempt > attempt:
        return False
    return earlier.attempt < attempt or earlier.signalled


def _run(folder: Path, attempt: int, before: float) -> AttemptEnd:
    started = time.time()
    found: StopRequest | None = None

    def end(code: int, why: str = "", *, signalled: bool = False) -> AttemptEnd:
        ended = time.time()
        stop = found.kind if found is not None else ""
        seconds = before + ended - started
        return AttemptEnd(attempt, code, signalled, stop, why, started, ended, seconds, socket.gethostname())

    found = read_stop(folder, attempt)
    if found is not None:  # it waited in a queue for so long
        return end(128 + signal.SIGTERM, found.why, signalled=True)
    try:
        job = read_job(folder)
        _enter(folder, job)
    except (OSError, ValueError) as error:
        return end(NOT_EXECUTABLE, f"the run cannot start: {error}")
    with Signals() as signals:
        try:
            translated = _TRANSLATED if _IN_SLURM in os.environ else None
            child = Child(job.words, signals, _say, translated, once=True)
        except OSError as error:
            code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
            return end(code, f"cannot start {job.words[0]}: {error.strerror or error}")
        watch = _StopWatch(folder, attempt, child, job.kill_after)
        how: ChildEnding = child.wait()
        found = watch.close()
    why = found.why if found is not None else ""
    return end(how.code, why, signalled=how.code in _ASKING)


def _enter(folder: Path, job: RunJob) -> None:
    """Goes where the program runs, with its environment; output goes to a file."""
    log = os.open(folder / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o666)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.close(null)
    os.environ.update(job.env)
    os.chdir(job.folder)


class _StopWatch:
    """Looks in a thread for the controller's request to stop, and passes it on once."""

    def __init__(self, folder: Path, attempt: int, child: Child, kill_after: float) -> None:
        self._folder, self._attempt = folder, attempt
        self._child, self._kill_after = child, kill_after
        self._ended = threading.Event()
        self._found: StopRequest | None = None
        self._thread = threading.Thread(target=self._look, name="stop requests", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(_INTERVAL):
            found = read_stop(self._folder, self._attempt)
            if found is not None:
                self._found = found
                self._child.ask_to_stop(self._kill_after)
                return

    def close(self) -> StopRequest | None:
        """Ends the thread. Returns the request that was passed on."""
        self._ended.set()
        self._thread.join()
        return self._found


def _say(line: str) -> None:
    sys.stderr.write(f"dreamerguard: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
