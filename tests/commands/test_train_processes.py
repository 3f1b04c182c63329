"""``train --num-processes``: which processes are meant, what is refused, and how they end together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dreamerguard.commands.shared.errors import CommandFailed
from dreamerguard.commands.shared.processes import Asked, _accelerators, _core_parts, read_processes
from dreamerguard.programs.native.options import TrainOptions

SLURM = {"SLURM_JOB_ID": "70001", "SLURM_NTASKS": "4", "SLURM_PROCID": "2", "SLURM_STEP_NODELIST": "gpu[003-005,9],b1"}
RUN = """\
task: dmc_cartpole_balance
size: size200k
purpose: short
run: {frames: 400000, train_ratio: 8, envs: 4}
env: {action_repeat: 8}
replay: {batch_size: 4, batch_length: 8}
model: {deter: 16, hidden: 8, stoch: 2, classes: 4, blocks: 4, units: 8, bins: 15, encoder_layers: 1,
        decoder_layers: 1, policy_layers: 1, value_layers: 1, prior_layers: 1}
loss: {imag_length: 3}
logging: {every: 0.2, tensorboard: false}
runtime: {platform: cpu}
"""


def asked(
    number: str | None = None, process: str | None = None, address: str | None = None, **env: str
) -> Asked | None:
    options = TrainOptions(num_processes=number, process_id=process, coordinator_address=address)
    return read_processes(options, env)


def test_the_processes_that_are_meant() -> None:
    assert asked() is None
    assert asked("1") is None
    assert asked("1", "0", "node1:7777") is None
    assert asked("4", "3", "node1:7777") == Asked(4, 3, "node1", 7777)
    assert asked("2", "0", "[::1]:80") == Asked(2, 0, "::1", 80)
    local = asked("2")
    assert local is not None
    assert (local.processes, local.process, local.host, local.starts) == (2, 0, "localhost", True)


def test_slurm_names_number_and_address() -> None:
    assert asked("auto", **SLURM) == Asked(4, 2, "gpu003", 65536 - 4096 + 70001 % 4096)
    assert asked("auto", None, "other:99", **SLURM) == Asked(4, 2, "other", 99)
    assert asked("auto", **{**SLURM, "SLURM_NTASKS": "1", "SLURM_PROCID": "0"}) is None
    for nodes, host in (("n1", "n1"), ("n1,n2", "n1"), ("n[7,9]", "n7"), ("a-b[010]", "a-b010")):
        found = asked("auto", **{**SLURM, "SLURM_STEP_NODELIST": nodes})
        assert found is not None and found.host == host


@pytest.mark.parametrize(
    ("options", "env", "wrong"),
    [
        ((None, "0"), {}, "need --num-processes"),
        (("2", "0"), {}, "belong together"),
        (("2", None, "a:1"), {}, "belong together"),
        (("0",), {}, "--num-processes 0: must be a whole number from 1 to 4096"),
        (("two",), {}, "--num-processes two: must be"),
        (("2", "2", "a:1"), {}, "--process-id 2: must be a whole number from 0 to 1"),
        (("2", "0", "node1"), {}, "--coordinator-address node1: write HOST:PORT"),
        (("2", "0", "node1:0"), {}, "write HOST:PORT"),
        (("auto",), {}, "needs a step of Slurm (srun), which sets SLURM_JOB_ID, SLURM_NTASKS"),
        (("auto", "1"), SLURM, "leave out --process-id"),
        (("auto",), {**SLURM, "SLURM_PROCID": "4"}, "SLURM_PROCID 4: must be a whole number from 0 to 3"),
    ],
)
def test_what_cannot_be_meant_is_named(options: tuple[str | None, ...], env: dict[str, str], wrong: str) -> None:
    with pytest.raises(CommandFailed) as failed:
        asked(*options, **env)
    assert wrong in failed.value.message


def test_processes_of_a_machine_take_different_accelerators() -> None:
    local, far = Asked(4, 3, "localhost", 1, starts=True), Asked(4, 3, "node1", 1)
    assert _accelerators(local, 2, {}) == [6, 7]
    assert _accelerators(far, 2, {}) is None
    own = {"SLURM_LOCALID": "1"}
    assert _accelerators(far, 1, {**own, "CUDA_VISIBLE_DEVICES": "0,1,2,3"}) == [1]
    assert _accelerators(far, 1, {**own, "CUDA_VISIBLE_DEVICES": "5"}) is None, "bound to the task"


def test_local_processes_share_the_cores() -> None:
    cores = len(os.sched_getaffinity(0))
    parts = _core_parts(cores)
    assert len({core for part in parts for core in part}) == cores
    assert _core_parts(cores + 1) == [set()] * (cores + 1)


def train(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Starts a training command."""
    (folder / "run.yaml").write_text(RUN)
    command = [sys.executable, "-m", "dreamerguard", "train", "run.yaml", "--logdir", "run", "--no-config"]
    env = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    with (folder / "said.txt").open("w") as said:
        return subprocess.Popen(
            [*command, "--allow", "changed-action-repeat=tiny", *words],
            cwd=folder, env=env, stdout=subprocess.PIPE, stderr=said, text=True,
        )  # fmt: skip


@pytest.mark.integration
def test_a_run_that_cannot_be_split_is_refused(tmp_path: Path) -> None:
    process = train(tmp_path, "--num-processes", "3")
    assert process.communicate()[0] == ""
    assert process.returncode == 2
    assert "run.envs 4 is not a multiple of the 3 processes" in (tmp_path / "said.txt").read_text()
    assert not (tmp_path / "run").exists()


def training(folder: Path, process: subprocess.Popen[str]) -> list[int]:
    """Waits until updates run; returns the ids of the processes."""
    while process.poll() is None:
        said = (folder / "said.txt").read_text()
        if re.search(r" [1-9]\d* updates", said):
            line = next(line for line in said.splitlines() if line.startswith("processes: "))
            return [int(found) for found in re.findall(r"process id (\d+)", line)]
        time.sleep(0.05)
    raise AssertionError((folder / "said.txt").read_text())


def ended(pid: int) -> bool:
    """Whether a process that is not a child has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
def test_one_process_that_is_killed_ends_all_and_one_signal_stops_all(tmp_path: Path) -> None:
    """Process 1 gets SIGTERM and all stop; in the next start process 1, then process 0 is killed."""
    process = train(tmp_path, "--num-processes", "2")
    os.kill(training(tmp_path, process)[1], signal.SIGTERM)
    assert process.communicate()[0] == "", "a library has printed to the standard output"
    assert process.returncode == 128 + signal.SIGTERM
    assert "stopped and saved at" in (tmp_path / "said.txt").read_text()
    saved = sorted((tmp_path / "run" / "checkpoints").iterdir())
    assert len(saved) == 1

    process = train(tmp_path, "--num-processes", "2")
    os.kill(training(tmp_path, process)[1], signal.SIGKILL)
    process.communicate()
    said = (tmp_path / "said.txt").read_text()
    assert process.returncode == 76
    assert "error: process 1 of 2" in said and "Traceback" not in said and "@ " not in said
    assert sorted((tmp_path / "run" / "checkpoints").iterdir()) == saved

    process = train(tmp_path, "--num-processes", "2")
    other = training(tmp_path, process)[1]
    process.kill()
    process.communicate()
    while not ended(other):
        time.sleep(0.05)
    said = (tmp_path / "said.txt").read_text()
    assert "error: process 0 of 2" in said and "Traceback" not in said and "*** Check failure" not in said
