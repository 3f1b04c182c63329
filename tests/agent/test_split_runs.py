"""A run on several devices: the same twice, exact after an interruption, and resumed on another number of devices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .same_runs import SMALL, assert_same, everything

ROOT = Path(__file__).parents[2]
_RUN = """
import json, sys
from pathlib import Path
import jax
jax.config.update("jax_disable_most_optimizations", True)
from dreamerguard.schema import RunConfig
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import train
from dreamerguard_agent.runtime.device import configure
config, limit = RunConfig.model_validate(json.loads(sys.argv[2])), int(sys.argv[3])
configure(config.runtime, Path(sys.argv[4]))
left = iter(range(limit))
print(train(config, Path(sys.argv[1]), Silent(), lambda: next(left, None) is None))
"""

pytestmark = pytest.mark.slow


def run(folder: Path, devices: int, programs: Path, steps: int = 10**6, **changes: Any) -> None:
    """Trains a small agent in a process of its own that has four devices, for at most so many vector steps."""
    folder.mkdir(exist_ok=True)
    runtime = {**SMALL["runtime"], "devices": devices}
    config = {**SMALL, "runtime": runtime, "replay": {"batch_size": 4, "batch_length": 8}, **changes}
    env = os.environ | {"XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=4"}
    command = [sys.executable, "-c", _RUN, str(folder), json.dumps(config), str(steps), str(programs)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("storage", ["device", "host"])
def test_a_run_on_four_devices_is_repeated_and_resumed_exactly(tmp_path: Path, storage: str) -> None:
    replay = {"batch_size": 4, "batch_length": 8, "storage": storage}
    run(tmp_path / "whole", 4, tmp_path / "programs", replay=replay)
    run(tmp_path / "parts", 4, tmp_path / "programs", steps=90, replay=replay)
    assert everything(tmp_path / "parts")["frames"] < everything(tmp_path / "whole")["frames"]
    run(tmp_path / "parts", 4, tmp_path / "programs", replay=replay)
    assert_same(everything(tmp_path / "whole"), everything(tmp_path / "parts"))


def test_a_run_continues_on_another_number_of_devices(tmp_path: Path) -> None:
    run(tmp_path / "run", 4, tmp_path / "programs", steps=90)
    before = everything(tmp_path / "run")
    run(tmp_path / "run", 1, tmp_path / "programs", steps=30)
    run(tmp_path / "run", 2, tmp_path / "programs")
    after = everything(tmp_path / "run")
    assert after["frames"] == SMALL["run"]["frames"] > before["frames"]
    assert all(row in after["scores.jsonl"] for row in before["scores.jsonl"])


def test_agents_on_several_devices_learn_what_they_learn_on_one(tmp_path: Path) -> None:
    """Four seeds on four devices, on two, and on one; then the run on four is resumed on one."""
    for devices in (1, 2, 4):
        run(tmp_path / str(devices), devices, tmp_path / "programs", steps=50, seeds=4)
    one = everything(tmp_path / "1")
    for devices in (2, 4):
        found = everything(tmp_path / str(devices))
        assert found.keys() == one.keys()
        for name, value in one.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                far = 3e-3 if "opt_state/1" in name else 1e-4  # momentum: quotients of tiny gradients
                np.testing.assert_allclose(found[name], value, rtol=far, atol=far, err_msg=name)
            elif name.startswith("sampler/"):
                np.testing.assert_array_equal(found[name], value, err_msg=name)
    run(tmp_path / "4", 1, tmp_path / "programs", steps=20, seeds=4)
    run(tmp_path / "4", 2, tmp_path / "programs", seeds=4)
    assert everything(tmp_path / "4")["frames"] == SMALL["run"]["frames"]
