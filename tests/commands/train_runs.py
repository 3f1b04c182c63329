"""Starts `dreamerguard train` and `eval` as users do, with a run that is as small as one can be."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ..tensorboard_rows import assert_tensorboard_agrees

#: Seconds that only a program that hangs reaches.
SAFETY = 1800.0
#: The shapes of its programs do not depend on the number of frames: the replay is full before.
TINY = """\
task: dmc_cartpole_balance
size: size200k
purpose: short
run: {frames: 1500, train_ratio: 8, envs: 2}
replay: {batch_size: 2, batch_length: 8, capacity: 60}
model: {deter: 16, hidden: 8, stoch: 2, classes: 4, blocks: 4, units: 8, bins: 15, encoder_layers: 1, decoder_layers: 1,
  policy_layers: 1, value_layers: 1, prior_layers: 1}
loss: {imag_length: 3}
logging: {every: 0.2}
checkpoint: {every: 0.5}
runtime: {platform: cpu}
"""


def folder_of(factory: pytest.TempPathFactory, name: str) -> Path:
    """Returns a new folder with a run file."""
    folder = factory.mktemp(name)
    (folder / "tiny.yaml").write_text(TINY)
    return folder


def copied(finished: Path, folder: Path, name: str) -> tuple[Path, list[Path]]:
    """A copy of a run, and its checkpoints from the newest on."""
    run = folder / name
    shutil.copytree(finished, run)
    found = [path for path in (run / "checkpoints").iterdir() if path.name.isdigit()]
    return run, sorted(found, key=lambda path: int(path.name), reverse=True)


def start(folder: Path, *words: str, largest: int | None = None) -> subprocess.Popen[str]:
    """Starts the program; ``largest`` limits the bytes of a file, which acts like a full disk.

    All folders beside ``folder`` share compiled programs through one cache.
    """
    environment = os.environ | {
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # compiles in half the time; these runs are short
    }
    command = [sys.executable, "-m", "dreamerguard", *words]
    if largest is not None:
        limit = f"import resource, os, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}))"
        command = [sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])", *command]
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=SAFETY)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    return finish(start(folder, *words))


def rows(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for_checkpoint(process: subprocess.Popen[str], directory: Path) -> None:
    """Waits until a checkpoint is there, with some more training behind it."""
    deadline = time.monotonic() + SAFETY
    while (saved := newest_checkpoint(directory)) is None or logged_step(directory) <= saved:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.02)


def wait_until(process: subprocess.Popen[str], true: Callable[[], object]) -> None:
    """Waits for something that a running process does."""
    while not true():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def newest_checkpoint(directory: Path) -> int | None:
    return max((int(path.name) for path in directory.glob("checkpoints/*") if path.name.isdigit()), default=None)


def logged_step(directory: Path) -> float:
    whole, _, _ = (directory / "metrics.jsonl").read_text().rpartition("\n")
    return json.loads(whole.splitlines()[-1])["step"] if whole else 0


def assert_complete(directory: Path, frames: int) -> None:
    """The logs of a resumed run read as those of one that was never interrupted."""
    metrics, scores = rows(directory / "metrics.jsonl"), rows(directory / "scores.jsonl")
    for series in (metrics, scores):
        steps = [row["frames"] for row in series]
        assert steps == sorted(steps)
    assert metrics[-1]["frames"] == frames
    updates = [row["updates"] for row in metrics]
    assert updates == sorted(updates)
    # 8 replayed steps per agent step, 16 steps an update: one update every second step, none lost, none twice.
    assert metrics[-1]["train_ratio/achieved"] == pytest.approx(8, rel=0.02)
    assert_tensorboard_agrees(directory)
