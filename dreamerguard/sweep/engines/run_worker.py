"""Runs a worker as a child of a process that Ray or Slurm has started, and passes on that this process must end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from dreamerguard.guard.linux import death_signal


class WorkerTask:
    """Runs a worker when called. For Slurm, submitit stores it, calls it in the job, and `checkpoint` before a limit.

    Args:
      words: command of the worker.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """Runs the worker and returns its exit code. The worker saves its run if this process dies."""
        # Without a terminal, and with no output: the worker writes into the run's own file.
        self._process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=death_signal(signal.SIGTERM)
        )
        return self._process.wait()

    def checkpoint(self) -> object:
        """Lets the run save itself before a time limit or a preemption. Returns what the requeued job runs.

        The worker has SIGUSR2 from Slurm, or gets it here; it passes on the first one only.
        """
        from submitit.helpers import DelayedSubmission

        if self._process is not None:
            # submitit calls this in a signal handler, within the wait above: Popen would wait for its own lock.
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._process.pid, signal.SIGUSR2)
                os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(WorkerTask(self.words))
