"""A batch that is split over devices, of one process or of several, gives the update of one device."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.integration


def run_updates(folder: Path, devices: int, processes: int = 1) -> list[dict[str, Any]]:
    """Runs `split_batches.updates` in processes; returns what each has stored."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        address = f"localhost:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "tests.agent.split_batches.updates", str(folder), str(devices), str(processes)]
    started = [
        subprocess.Popen([*command, str(number), address], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for number in range(processes)
    ]
    errors = [process.communicate(timeout=600)[1] for process in started]
    assert not any(process.returncode for process in started), errors
    return [dict(np.load(folder / f"{number}.npz")) for number in range(processes)]


def assert_close(found: dict[str, Any], expected: dict[str, Any], names: Any) -> None:
    """Compares arrays: each may be off by 1e-5 of its largest number.

    The momentum averages gradients divided by their root mean square; quotients of tiny ones are off by more.
    """
    for name in names:
        far = 1e-3 if name.startswith("state/opt_state/1") else 1e-5
        scale = max(float(np.abs(expected[name]).max(initial=0)), 1e-3)
        assert np.allclose(found[name], expected[name], rtol=far, atol=far * scale), name


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_updates(tmp_path_factory.mktemp("split") / "one", 1)[0]


def test_one_device_learns(one: dict[str, Any]) -> None:
    assert one["metrics/4/opt/updates"] == 5
    assert one["metrics/4/opt/loss"] != one["metrics/0/opt/loss"]


@pytest.mark.slow
def test_eight_devices_compute_what_one_computes(one: dict[str, Any], tmp_path: Path) -> None:
    (found,) = run_updates(tmp_path / "eight", 8)
    assert found.keys() == one.keys()
    assert_close(found, one, one)


@pytest.mark.parametrize(
    ("processes", "devices"),
    [(2, 2), pytest.param(2, 1, marks=pytest.mark.slow), pytest.param(4, 1, marks=pytest.mark.slow)],
)
def test_processes_compute_what_one_computes(one: dict[str, Any], tmp_path: Path, processes: int, devices: int) -> None:
    """Each with some of the devices over which a batch is split."""
    found = run_updates(tmp_path / "processes", devices, processes)
    shared = [name for name in one if name.startswith(("metrics/", "state/"))]
    for each in found:
        assert_close(each, one, shared)
        assert all(np.array_equal(each[name], found[0][name]) for name in shared), (
            "the processes learn different things"
        )
    for name in (name for name in one if name.startswith("ring/")):
        joined = {name: np.concatenate([each[name] for each in found])}
        assert_close(joined, one, [name])


def test_a_ring_on_several_devices_reads_and_writes_as_on_one() -> None:
    command = [sys.executable, "-m", "tests.agent.seed_devices.ring"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
