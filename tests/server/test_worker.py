"""The thread that lints: order, replaced jobs, and jobs that give way."""

from threading import Event

import pytest

from dreamerguard.server.worker import Job, Worker
from dreamerguard.util.interruption import stop_if_superseded

WAIT = 30


class Trace:
    """A worker whose first job holds it, so that the others queue up."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.errors: list[Exception] = []
        self.worker = Worker(self.errors.append)
        self.free, self.end, self.entered = Event(), Event(), Event()

    def hold(self) -> None:
        self.worker.submit(Job("hold", self._wait, urgent=True))
        self.worker.start()
        assert self.entered.wait(WAIT)

    def _wait(self) -> None:
        self.entered.set()
        assert self.free.wait(WAIT)

    def job(self, key: str, name: str, *, urgent: bool = False) -> None:
        self.worker.submit(Job(key, lambda: self.done.append(name), urgent))

    def finish(self) -> list[str]:
        self.worker.submit(Job("end", self.end.set))
        self.free.set()
        assert self.end.wait(WAIT)
        self.worker.end()
        return self.done


def test_newer_jobs_replace_older_ones_and_urgent_ones_go_first() -> None:
    trace = Trace()
    trace.hold()
    trace.job("a", "a1")
    trace.job("b", "b1")
    trace.job("a", "a2")
    trace.job("near", "near", urgent=True)
    answer = trace.worker.ask(lambda: trace.done.append("question"))
    assert trace.finish() == ["near", "question", "b1", "a2"]
    assert answer.result(WAIT) is None


def test_a_long_job_gives_way_and_starts_again() -> None:
    trace = Trace()
    started, asked = Event(), Event()

    def long() -> None:
        trace.done.append("long")
        if not started.is_set():
            started.set()
            assert asked.wait(WAIT)
        stop_if_superseded()
        trace.done.append("finished")

    trace.worker.submit(Job("long", long))
    trace.worker.start()
    assert started.wait(WAIT)
    trace.job("near", "near", urgent=True)
    asked.set()
    trace.free.set()
    assert trace.finish() == ["long", "near", "long", "finished"]


def test_a_newer_job_replaces_a_running_one() -> None:
    trace = Trace()
    started, asked = Event(), Event()

    def old() -> None:
        started.set()
        assert asked.wait(WAIT)
        stop_if_superseded()
        trace.done.append("old")

    trace.worker.submit(Job("text", old))
    trace.worker.start()
    assert started.wait(WAIT)
    trace.job("text", "new")
    asked.set()
    trace.free.set()
    assert trace.finish() == ["new"]


def test_errors_do_not_end_the_worker() -> None:
    trace = Trace()
    trace.hold()
    trace.worker.submit(Job("bad", lambda: 1 / 0))  # type: ignore[arg-type, return-value]
    answer = trace.worker.ask(lambda: 1 / 0)
    trace.job("good", "good")
    assert trace.finish() == ["good"]
    assert [type(error) for error in trace.errors] == [ZeroDivisionError]
    with pytest.raises(ZeroDivisionError):
        answer.result(WAIT)


def test_outside_of_a_worker_nothing_gives_way() -> None:
    stop_if_superseded()
