"""`dreamerguard train` when its environments, its numbers or its user end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from .train_runs import finish, folder_of, rows, start

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds processes by /proc"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory, "failures")


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Reads the error stream up to a line that holds ``text``."""
    seen = ""
    assert process.stderr
    while text not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
    return seen


def workers(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"envs.vector.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_signal_during_a_compilation_ends_at_once_and_leaves_nothing(folder: Path) -> None:
    process = start(folder, "train", "--config", "tiny.yaml", "--logdir", "early", "loss.imag_length=4")  # not stored
    wait_for(process, "compiling")
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    assert code == 128 + signal.SIGTERM
    assert "stopping: SIGTERM; no step was taken since the start, so there is nothing to save" in err
    assert list((folder / "early" / "checkpoints").iterdir()) == []
    assert (folder / "early" / "metrics.jsonl").read_bytes() == b""


@pytest.mark.slow
def test_worker_deaths_are_survived_three_times_and_then_the_run_is_saved(folder: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "--logdir", "workers", "env.backend=process", "env.workers=2")
    process = start(folder, *words, "run.frames=200000")
    wait_for(process, "updates/s")
    for death in range(4):
        os.kill(workers(process)[0], signal.SIGKILL)
        if death < 3:
            wait_for(process, f"started again ({death + 1} of 3)")
    code, _, err = finish(process)
    assert code == 71
    assert "was ended by SIGKILL" in err and "started again 3 times before. The run was saved at" in err
    saved = max(int(path.name) for path in (folder / "workers" / "checkpoints").iterdir())
    assert rows(folder / "workers" / "metrics.jsonl")[-1]["step"] == saved


def test_a_signal_is_obeyed_while_a_worker_hangs(folder: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "--logdir", "hanging", "env.backend=process", "env.workers=2")
    process = start(folder, *words, "run.frames=200000")
    wait_for(process, "updates/s")
    os.kill(workers(process)[1], signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    assert code == 128 + signal.SIGTERM
    assert "stopped and saved at" in err
    assert len(list((folder / "hanging" / "checkpoints").iterdir())) > 0


def test_an_overflow_is_not_applied_and_stops_the_run_with_its_own_exit_code(folder: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "--logdir", "overflow", "loss.scales.rew=3e38")
    code, _, err = finish(start(folder, *words))
    assert code == 72, err
    assert "loss/rew times loss.scales.rew=3e+38" in err
    assert "skipped in a row" in err and "The run was saved at" in err
    cases = folder / "overflow" / "not_finite"
    facts = [json.loads(path.read_text()) for path in cases.glob("*.json")]
    assert facts and all(fact["first_term"].startswith("loss/rew") for fact in facts)
    with np.load(next(cases.glob("*.npz")), allow_pickle=False) as kept:
        params = [value for name, value in kept.items() if name.startswith("state/params")]
        assert params and all(np.isfinite(value).all() for value in params)
