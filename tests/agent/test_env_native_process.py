"""Environments in worker processes: equal to the others, honest about failures, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.envs import EnvError, VectorEnv, make_envs
from dreamerguard_agent.envs.vector.process import ProcessEnvs

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.name != "posix", reason="worker processes need Linux or macOS"),
]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def _make(
    backend: str, workers: int = 2, task: str = "dmc_cartpole_balance", envs: int = 3, first: int = 4
) -> VectorEnv:
    env = {"backend": backend, "workers": workers, "action_repeat": 2}
    return make_envs(RunConfig.model_validate({"task": task, "env": env, "run": {"envs": envs}}), first, 6)


def _act(envs: VectorEnv, value: float = 0.3) -> dict[str, np.ndarray]:
    return {"action": np.full((len(envs), *envs.act_space["action"].shape), value, np.float32)}


@pytest.mark.parametrize(("task", "workers"), [("dmc_cartpole_balance", 2), ("dmc_manipulator_bring_ball", 3)])
def test_steps_equal_those_in_one_process(task: str, workers: int) -> None:
    alone, spread = (_make(backend, workers, task, envs=4) for backend in ("serial", "process"))
    assert isinstance(spread, ProcessEnvs) and len(spread) == 4 and len(spread._workers) == workers
    assert dict(alone.obs_space) == dict(spread.obs_space) and dict(alone.act_space) == dict(spread.act_space)
    rng, kept = np.random.default_rng(2), []
    for number in range(25):
        actions = {"action": rng.uniform(-1, 1, (4, *alone.act_space["action"].shape)).astype(np.float32)}
        reset = np.array([number in (0, 9), False, number == 9, False])
        wanted, got = alone.step(actions, reset), spread.step(actions, reset)
        assert list(wanted) == list(got)
        for key, value in wanted.items():
            assert value.dtype == got[key].dtype
            np.testing.assert_array_equal(got[key], value, err_msg=key)
        kept.append((got, wanted))
    for got, wanted in kept:  # old observations are not overwritten by new ones
        assert all(np.array_equal(got[key], wanted[key]) for key in wanted)
    spread.close()


def test_no_more_workers_than_environments() -> None:
    envs = _make("process", workers=5, envs=2)
    assert len(envs._workers) == 2
    envs.close()


def test_what_is_wrong_in_a_worker_is_said_once_and_clearly() -> None:
    with pytest.raises(EnvError, match="no task `dmc_cartpole_balanc`; did you mean dmc_cartpole_balance"):
        _make("process", task="dmc_cartpole_balanc")
    envs = _make("process")
    envs.step(_act(envs), np.zeros(3, bool))
    with pytest.raises(EnvError, match=r"^the action is not finite: \[nan\]; the policy has diverged$"):
        envs.step(_act(envs, float("nan")), np.zeros(3, bool))
    envs.close()


@LINUX
def test_workers_are_single_threaded_and_free_of_jax() -> None:
    envs = _make("process")
    envs.step(_act(envs), np.zeros(3, bool))
    for worker in envs._workers:
        folder = Path(f"/proc/{worker._process.pid}")
        assert b"\0OMP_NUM_THREADS=1\0" in folder.joinpath("environ").read_bytes()
        maps = folder.joinpath("maps").read_text()
        assert "libmujoco" in maps and "jaxlib" not in maps
    envs.close()


PARENT = """
import sys, time
import numpy as np
from dreamerguard.schema import RunConfig
from dreamerguard_agent.envs import make_envs
env = {"backend": "process", "workers": 2}
envs = make_envs(RunConfig.model_validate({"task": "dmc_cartpole_balance", "env": env, "run": {"envs": 2}}), 0, 0)
print(*(worker._process.pid for worker in envs._workers), flush=True)
while sys.argv[1] == "busy":
    envs.step({"action": np.zeros((2, 1), np.float32)}, np.zeros(2, bool))
time.sleep(900)
"""


def _runs(pid: int) -> bool:
    """Whether a process runs. One that ended and was not waited for by whoever inherited it does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@LINUX
@pytest.mark.parametrize(
    ("end", "doing"), [(signal.SIGKILL, "busy"), (signal.SIGTERM, "idle"), (signal.SIGINT, "busy")]
)
def test_workers_end_with_their_parent(end: signal.Signals, doing: str) -> None:
    command = [sys.executable, "-c", PARENT, doing]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2 and all(_runs(pid) for pid in workers)
        parent.send_signal(end)
        parent.wait(600)
        deadline = time.monotonic() + 600
        while any(_runs(pid) for pid in workers) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(_runs(pid) for pid in workers)


def test_images_come_from_workers_whatever_their_number() -> None:
    """The parent of this test has dm_control without OpenGL; its workers load it with."""
    env = {"observation": "vision", "image_size": 48, "action_repeat": 1}

    def play(workers: int) -> np.ndarray:
        settings = {"task": "dmc_cartpole_balance", "env": env | {"workers": workers, "backend": "process"}}
        envs = make_envs(RunConfig.model_validate(settings), 0, 0, 3)
        images = [envs.step(_act(envs), np.zeros(3, bool))["image"] for _ in range(3)]
        envs.close()
        return np.stack(images)

    try:
        one = play(1)
    except EnvError as error:
        if "cannot be rendered here" in str(error):
            pytest.skip("this machine has no OpenGL")
        raise
    assert one.shape == (3, 3, 48, 48, 3) and one.dtype == np.uint8 and one.std() > 1
    assert np.array_equal(one, play(3))
    assert not np.array_equal(one[:, 0], one[:, 1])
