"""Worker processes that die, hang or talk nonsense are replaced three times, with real processes and real signals."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.driver import Driver
from dreamerguard_agent.envs import EnvError, EnvsFailed, Supervision, WaitEnded, make_envs
from dreamerguard_agent.envs.vector.process import ProcessEnvs

from .test_checkpoint_files import limited

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.name != "posix", reason="worker processes need Linux or macOS"),
]
FAULTS = Path(__file__).parent / "worker_faults"


class Stopping:
    """A wish to stop that a test can make."""

    def __init__(self) -> None:
        self.wanted = False

    def __call__(self) -> bool:
        return self.wanted


def make(said: list[str], stop: Stopping | None = None, timeout: float = 0.0) -> ProcessEnvs:
    env = {"backend": "process", "workers": 2, "action_repeat": 8}
    config = RunConfig.model_validate({"task": "dmc_cartpole_balance", "env": env, "run": {"envs": 2}})
    made = make_envs(config, 0, 6, supervision=Supervision(stop or Stopping(), said.append, timeout))
    assert isinstance(made, ProcessEnvs)
    return made


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder; a file in it makes a worker that starts now or later fail once, see `worker_faults`."""
    monkeypatch.setenv("WORKER_FAULTS", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAULTS), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


def play(driver: Driver, steps: int = 10) -> list[Any]:
    rewards = []
    for _ in range(steps):
        driver.step({"action": np.full((2, 1), 0.3, np.float32)})
        rewards.append(driver.observe())
    return rewards


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("exception", "failed: RuntimeError: the arm fell off"),
        ("garbage", "sent an answer that cannot be read: b'hello"),
        pytest.param("extra", "sent an answer that cannot be read: b'.", marks=pytest.mark.slow),
        ("half", "ended with exit code 0"),
        ("exit", "ended with exit code 7"),
        pytest.param("segfault", "was ended by SIGSEGV", marks=pytest.mark.slow),
        ("suspend", "did not answer within 5 s"),
    ],
)
def test_a_worker_that_fails_is_replaced_and_its_episode_is_lost(faults: Path, kind: str, reason: str) -> None:
    said: list[str] = []
    driver = Driver(make(said, timeout=5.0))
    (faults / kind).touch()
    seen = play(driver)
    driver.close()
    assert len(said) == 1
    assert reason in said[0]
    assert said[0].endswith("It is started again (1 of 3); 1 running episode is lost")
    firsts = np.stack([obs["is_first"] for obs in seen])
    assert firsts.sum() == 1  # the learner sees the cut, in one of two environments
    lost = int(np.flatnonzero(firsts.any(0))[0])
    assert driver._length[lost] == len(seen) - 1 - int(np.flatnonzero(firsts[:, lost])[0])  # counted again from there
    assert driver._length[1 - lost] == len(seen)


@pytest.mark.parametrize("kind", ["start", "reset"])
def test_a_worker_that_dies_in_its_start_or_reset_uses_up_the_restarts(faults: Path, kind: str) -> None:
    said: list[str] = []
    driver = Driver(make(said))
    for number in range(4):
        (faults / f"{kind}{number}").touch()
    os.kill(driver._envs._workers[0]._process.pid, signal.SIGKILL)
    with pytest.raises(EnvsFailed, match=r"ended with exit code .*started again 3 times before"):
        play(driver, 1)
    driver.close()
    assert ["was ended by SIGKILL" in line for line in said] == [True, False, False]


def test_a_worker_that_dies_at_the_first_start_is_an_error_at_once(faults: Path) -> None:
    (faults / "start").touch()
    with pytest.raises(EnvError, match="ended with exit code 9"):
        make([])


def test_too_little_shared_memory_is_an_error_at_once() -> None:
    """A file without its memory would end the process with SIGBUS at the first step."""
    with (
        limited(resource.RLIMIT_FSIZE, 64),
        pytest.raises(EnvError, match=r"cannot share memory in .*: File too large"),
    ):
        make([])


def test_the_fourth_death_ends_the_run_and_nothing_is_left_behind() -> None:
    said: list[str] = []
    driver = Driver(make(said))
    used = []
    for _ in range(3):
        used.append(driver._envs._workers[0]._process)
        used[-1].kill()
        play(driver, 1)
    driver._envs._workers[1]._process.kill()
    with pytest.raises(EnvsFailed, match=r"worker process 1 \(environments 1 to 1\) was ended by SIGKILL.*3 times"):
        play(driver, 1)
    used += [worker._process for worker in driver._envs._workers]
    driver.close()
    assert [line.partition("again ")[2][:8] for line in said] == ["(1 of 3)", "(2 of 3)", "(3 of 3)"]
    assert all(process.returncode is not None for process in used)


def test_replaced_environments_repeat_no_resets() -> None:
    driver = Driver(make([]))
    first = driver.observe()
    driver._envs._workers[0]._process.kill()
    play(driver, 1)
    assert driver.observe()["is_first"].tolist() == [True, False]
    assert not np.array_equal(driver.observe()["position"][0], first["position"][0])
    driver.close()


def test_a_wish_to_stop_is_obeyed_while_a_worker_hangs() -> None:
    stop = Stopping()
    driver = Driver(make([], stop))
    os.kill(driver._envs._workers[1]._process.pid, signal.SIGSTOP)
    stop.wanted = True
    with pytest.raises(WaitEnded, match=r"worker process 1 .* does not answer"):
        play(driver, 1)
    driver.close()


def test_a_wish_to_stop_does_not_disturb_workers_that_answer() -> None:
    stop, said = Stopping(), []
    driver = Driver(make(said, stop))
    stop.wanted = True
    play(driver, 5)
    driver.close()
    assert said == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_suspended_worker_ends_with_its_parent() -> None:
    import subprocess
    import sys
    import time

    parent = (
        "import os, signal\n"
        "from dreamerguard.schema import RunConfig\n"
        "from dreamerguard_agent.envs import make_envs\n"
        "env = {'backend': 'process', 'workers': 2}\n"
        "run = {'task': 'dmc_cartpole_balance', 'env': env, 'run': {'envs': 2}}\n"
        "envs = make_envs(RunConfig.model_validate(run), 0, 0)\n"
        "worker = envs._workers[0]._process.pid\n"
        "os.kill(worker, signal.SIGSTOP)\n"
        "print(worker, flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=True)
    status, deadline = Path(f"/proc/{int(done.stdout)}/stat"), time.monotonic() + 600
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)
