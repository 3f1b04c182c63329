"""One thread that lints, so that typing never waits. What was superseded is dropped.

A job has a key; a newer job with the same key takes its place in the queue. Urgent jobs and questions go first. A long
job gives way to them: it asks `Worker.superseded` through `dreamerguard.util.interruption`, and starts again later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, TypeVar

from dreamerguard.util.interruption import Superseded, interruptible

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Job:
    """Something to do for a document.

    Attributes:
      key: what it is about; a newer job with this key replaces it.
      work: does it.
      urgent: whether somebody looks at the screen for its result.
    """

    key: Hashable
    work: Callable[[], None]
    urgent: bool = False


class Worker:
    """The thread.

    Args:
      failed: is told about an error in a job, in this thread.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._condition = Condition()
        self._jobs: dict[Hashable, Job] = {}
        self._questions: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._ended = False
        self._running: Job | None = None
        self._thread = Thread(target=self._run, name="linter", daemon=True)

    def start(self) -> None:
        """Starts the thread, once."""
        if not self._thread.is_alive() and not self._ended:
            self._thread.start()

    def end(self) -> None:
        """Ends the thread after its present job; what waits is dropped."""
        with self._condition:
            self._ended = True
            self._jobs.clear()
            for future, _ in self._questions:
                future.cancel()
            self._questions.clear()
            self._condition.notify()

    def submit(self, job: Job) -> None:
        """Adds a job in place of an older one with its key."""
        with self._condition:
            self._jobs.pop(job.key, None)
            self._jobs[job.key] = job
            self._condition.notify()

    def drop(self, key: Hashable) -> None:
        """Drops a waiting job."""
        with self._condition:
            self._jobs.pop(key, None)

    def ask(self, question: Callable[[], _Answer]) -> Future[_Answer]:
        """Returns the answer of a question, before all jobs that wait and are not urgent."""
        future: Future[_Answer] = Future()
        with self._condition:
            if self._ended:
                future.cancel()
            else:
                self._questions.append((future, question))
                self._condition.notify()
        return future

    def superseded(self) -> bool:
        """Returns whether the running job must give way."""
        with self._condition:
            running = self._running
            if running is None or running.urgent:
                return self._ended
            waits = self._ended or bool(self._questions) or running.key in self._jobs
            return waits or any(job.urgent for job in self._jobs.values())

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._ended or self._jobs or self._questions)
                if self._ended:
                    return
                job, question = self._next()
            if question is not None:
                self._answer(*question)
            elif job is not None:
                self._do(job)

    def _next(self) -> tuple[Job | None, tuple[Future[Any], Callable[[], Any]] | None]:
        urgent = next((job for job in self._jobs.values() if job.urgent), None)
        if urgent is None and self._questions:
            return None, self._questions.popleft()
        job = urgent or next(iter(self._jobs.values()))
        del self._jobs[job.key]
        self._running = job
        return job, None

    def _do(self, job: Job) -> None:
        try:
            with interruptible(self.superseded):
                job.work()
        except Superseded:
            with self._condition:
                if not self._ended:
                    self._jobs.setdefault(job.key, job)
        except Exception as error:
            self._failed(error)
        finally:
            self._running = None

    def _answer(self, future: Future[Any], question: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(question())
        except Exception as error:
            future.set_exception(error)
