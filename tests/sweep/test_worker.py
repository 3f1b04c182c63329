"""The worker of a run: it runs one attempt, once, and its files say how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dreamerguard.sweep.jobs.job_folder import (
    AttemptEnd,
    RunJob,
    StopRequest,
    read_ending,
    read_job,
    write_ending,
    write_job,
    write_stop,
)
from dreamerguard.sweep.jobs.worker import BUSY, may_run
from dreamerguard.sweep.jobs.worker_lock import HeldElsewhere, WorkerLock, holder, is_held

pytestmark = pytest.mark.integration
#: Says that it runs, waits for the end of the test, and ends with 143 at SIGTERM, after it has saved.
PATIENT = """
import pathlib, signal, sys, time
def stop(number, frame):
    pathlib.Path("saved").write_text("yes")
    sys.exit(128 + number)
signal.signal(signal.SIGTERM, stop)
pathlib.Path("runs").write_text("yes")
for _ in range(60_000):
    time.sleep(0.01)
"""


def make_job(tmp_path: Path, program: str, **env: str) -> Path:
    folder = tmp_path / "job"
    write_job(folder, RunJob((sys.executable, "-c", program), str(tmp_path), env, 30.0))
    return folder


def start(folder: Path, attempt: int = 1, **env: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "dreamerguard.sweep.jobs.worker", str(folder), str(attempt)]
    return subprocess.Popen(words, start_new_session=True, env={**os.environ, **env})


def until(condition: Callable[[], object]) -> None:
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def test_it_stores_the_exit_code_and_the_output(tmp_path: Path) -> None:
    folder = make_job(tmp_path, "import os, sys; print(os.environ['X'], os.getcwd()); sys.exit(7)", X="given")
    assert start(folder).wait() == 7
    ending = read_ending(folder)
    assert ending is not None and (ending.attempt, ending.code, ending.signalled) == (1, 7, False)
    assert (folder / "output.log").read_text().split() == ["given", str(tmp_path)]
    assert not is_held(folder)


def test_a_program_that_does_not_exist_is_an_end_with_a_reason(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    write_job(folder, RunJob(("./nothing",), str(tmp_path), {}, 1.0))
    assert start(folder).wait() == 127
    ending = read_ending(folder)
    assert ending is not None and "cannot start ./nothing" in ending.why


def test_it_passes_sigterm_on_once_and_the_program_saves(tmp_path: Path) -> None:
    folder = make_job(tmp_path, PATIENT)
    worker = start(folder)
    until((tmp_path / "runs").exists)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 143
    ending = read_ending(folder)
    assert ending is not None and ending.signalled and not ending.stop
    assert (tmp_path / "saved").exists()


def test_the_controller_stops_it_by_a_file(tmp_path: Path) -> None:
    folder = make_job(tmp_path, PATIENT)
    worker = start(folder, attempt=2)
    until((tmp_path / "runs").exists)
    write_stop(folder, StopRequest(1, "hopeless", "of an earlier attempt"))
    write_stop(folder, StopRequest(2, "hopeless", "too low"))
    assert worker.wait() == 143
    ending = read_ending(folder)
    assert ending is not None and (ending.stop, ending.why) == ("hopeless", "too low")


def test_a_stop_that_came_while_it_was_queued_runs_nothing(tmp_path: Path) -> None:
    folder = make_job(tmp_path, PATIENT)
    write_stop(folder, StopRequest(1, "pause", ""))
    start(folder).wait()
    ending = read_ending(folder)
    assert ending is not None and ending.stop == "pause"
    assert not (tmp_path / "runs").exists()


def test_two_workers_run_a_run_once(tmp_path: Path) -> None:
    folder = make_job(tmp_path, "open('times', 'a').write('x'); import time; time.sleep(5)")
    workers = [start(folder, attempt) for attempt in (1, 2, 2)]
    assert sorted(worker.wait() for worker in workers) == [0, BUSY, BUSY]
    assert (tmp_path / "times").read_text() == "x"
    assert start(folder, 3).wait() == BUSY  # it has finished


def test_the_lock_lasts_as_long_as_the_program_after_kill_9_of_the_worker(tmp_path: Path) -> None:
    # The program ignores that its worker died, as one that takes long to save does.
    program = PATIENT.replace("sys.exit(128 + number)", "pass").replace("range(60_000)", "range(300)")
    folder = make_job(tmp_path, program)
    worker = start(folder)
    until((tmp_path / "runs").exists)
    worker.kill()
    worker.wait()
    assert is_held(folder)
    until(lambda: not is_held(folder))
    assert read_ending(folder) is None


def test_only_one_process_holds_a_lock(tmp_path: Path) -> None:
    lock = WorkerLock(tmp_path, 1)
    assert is_held(tmp_path)
    assert (holder(tmp_path) or {})["pid"] == os.getpid()
    with pytest.raises(HeldElsewhere):
        WorkerLock(tmp_path, 2, wait=lambda seconds: None)
    lock.release()
    assert not is_held(tmp_path) and holder(tmp_path) is None
    WorkerLock(tmp_path, 3).release()


def test_a_worker_on_another_machine_holds_the_lock_while_it_renews_it(tmp_path: Path) -> None:
    path = tmp_path / "worker.lock"
    path.write_text('{"host": "elsewhere", "pid": 1, "attempt": 1, "since": 0}')
    assert is_held(tmp_path)
    with pytest.raises(HeldElsewhere):
        WorkerLock(tmp_path, 2, wait=lambda seconds: None)
    os.utime(path, (0, 0))
    assert not is_held(tmp_path)


@pytest.mark.parametrize(
    ("earlier", "attempt", "runs"),
    [
        ({"code": 0}, 2, False),  # it has finished
        ({"code": 143, "stop": "hopeless", "signalled": True}, 2, False),
        ({"code": 1}, 1, False),  # this attempt has failed
        ({"code": 1}, 2, True),
        ({"code": 1, "attempt": 3}, 2, False),  # a worker that starts too late
        ({"code": 143, "signalled": True}, 1, True),  # a job that went back into the queue
        ({"code": 143, "signalled": True, "stop": "pause"}, 2, True),
    ],
)
def test_which_attempts_run_after_an_end(earlier: dict[str, object], attempt: int, runs: bool) -> None:
    plain = {"attempt": 1, "signalled": False, "stop": "", "why": "", "started": 0.0, "ended": 1.0}
    assert may_run(AttemptEnd(**{**plain, "seconds": 1.0, "host": "h", **earlier}), attempt) is runs


def test_in_slurm_a_program_gets_sigterm_for_sigusr2_and_only_once(tmp_path: Path) -> None:
    program = PATIENT.replace("sys.exit(128 + number)", "open('stops', 'a').write('x'); time.sleep(1); sys.exit(143)")
    folder = make_job(tmp_path, program)
    worker = start(folder, SLURM_JOB_ID="1")
    until((tmp_path / "runs").exists)
    group = os.getpgid(int((holder(folder) or {})["pid"]))
    os.killpg(group, signal.SIGUSR2)
    until((tmp_path / "stops").exists)
    worker.send_signal(signal.SIGUSR2)
    assert worker.wait() == 143
    assert (tmp_path / "stops").read_text() == "x"


def test_files_that_are_damaged_end_nothing(tmp_path: Path) -> None:
    for name in ("ended.json", "stop.json", "job.json"):
        (tmp_path / name).write_text("{")
    assert read_ending(tmp_path) is None
    with pytest.raises(ValueError):
        read_job(tmp_path)
    assert start(tmp_path).wait() == 126
    ending = read_ending(tmp_path)
    assert ending is not None and "the run cannot start" in ending.why
    write_ending(tmp_path, ending)
