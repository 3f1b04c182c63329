"""A pool of threads that share the work of one loop. MuJoCo releases Python's lock, so they run in parallel."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Job:
    """The numbers not yet taken, the work for each number, and the count of finished numbers."""

    work: Callable[[int], None]
    left: deque[int]
    size: int
    count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    errors: list[BaseException] = field(default_factory=list)
    finished: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Takes numbers until none remain. Popping and counting are atomic, so no lock is needed."""
        while True:
            try:
                number = self.left.popleft()
            except IndexError:
                return
            try:
                self.work(number)
            except BaseException as error:
                self.errors.append(error)
            if next(self.count) == self.size:
                self.finished.release()


class ThreadPool:
    """Works on several numbers in the calling thread and in helper threads.

    The assignment of numbers to threads varies from call to call, so the work must not depend on it. `run` does not
    wait for a helper that wakes after all numbers are taken.

    Args:
      threads: number of threads, the calling one included.
    """

    def __init__(self, threads: int) -> None:
        self._job: _Job | None = None
        self._wake = [threading.Lock() for _ in range(threads - 1)]
        for lock in self._wake:
            lock.acquire()
            threading.Thread(target=self._help, args=(lock,), name="environments", daemon=True).start()

    def run(self, work: Callable[[int], None], numbers: Sequence[int]) -> None:
        """Calls ``work(number)`` once for each number, in any order, and returns when all are done.

        Raises:
          BaseException: the first error of `work`, after all numbers were tried.
        """
        if not self._wake or len(numbers) < 2:
            for number in numbers:
                work(number)
            return
        job = _Job(work, deque(numbers), len(numbers))
        job.finished.acquire()
        self._job = job
        for lock in self._wake[: len(numbers) - 1]:
            if lock.locked():  # only this thread releases it, so it cannot be released in between
                lock.release()
        job.run()
        job.finished.acquire()
        if job.errors:
            raise job.errors[0]

    def close(self) -> None:
        """Ends the helpers."""
        self._job = None
        for lock in self._wake:
            if lock.locked():
                lock.release()
        self._wake = []

    def _help(self, lock: threading.Lock) -> None:
        while True:
            lock.acquire()
            job = self._job
            if job is None:
                return
            job.run()


def cores() -> int:
    """Returns the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
