"""A run of several processes: what one process would collect and store, resumed on any number, and stopped together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard_agent.checkpoints.folder import newest_sound
from dreamerguard_agent.processes.joining import free_port

from .same_runs import SMALL, assert_same, everything
from .shared_runs.failing import FAILS_IN, PROCESS

ROOT = Path(__file__).parents[2]
ENVS, BATCH = 4, 4
CONFIG: dict[str, Any] = {
    **SMALL,
    "run": {**SMALL["run"], "envs": ENVS},
    "replay": {"batch_size": BATCH, "batch_length": 8},
    "eval": {"every": 800, "episodes": 1},
}

pytestmark = pytest.mark.integration


def run(folder: Path, processes: int, steps: int = 10**6, **changes: Any) -> list[str]:
    """Trains with so many processes, for at most so many vector steps. Returns how each ended."""
    folder.mkdir(exist_ok=True)
    words = [str(folder), json.dumps(CONFIG | changes), str(steps), str(free_port())]
    command = [sys.executable, "-m", "tests.agent.shared_runs.process", *words]
    env = os.environ | {"JAX_PLATFORMS": "cpu", FAILS_IN: "1"}
    started = [
        subprocess.Popen(
            [*command, str(number), str(processes)],
            cwd=ROOT, env=env | {PROCESS: str(number)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(processes)
    ]  # fmt: skip
    ends = [process.communicate(timeout=600) for process in started]
    assert not any(process.returncode for process in started), ends
    (folder / "notes.txt").write_text("".join(notes for _, notes in ends))
    assert all(said.startswith("ended: ") for said, _ in ends), ends  # and gloo prints nothing
    return [said.removeprefix("ended: ").strip() for said, _ in ends]


def stored(folder: Path) -> dict[str, Any]:
    """Returns numbers of the newest checkpoint, and its records in order of streams."""
    found, damaged = newest_sound(folder / "checkpoints")
    assert found is not None and not damaged
    pieces = [(piece.stream, piece.number, piece.arrays) for piece in found.pieces("records")]
    sampler = found.part("sampler")
    return {**found.numbers, "pieces": pieces, "sampler": sampler, "episodes": found.part("envs")}


def scores(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "scores.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of runs that share compiled programs."""
    return tmp_path_factory.mktemp("shared")


@pytest.mark.slow
def test_two_processes_collect_what_one_collects(runs: Path) -> None:
    """Before the first update, all that the runs have in common is equal."""
    steps = 12
    ends = run(runs / "two", 2, steps)
    assert len(set(ends)) == 1, "one process wanted to stop; both must have"
    run(runs / "one", 1, steps)
    two, one = stored(runs / "two"), stored(runs / "one")
    assert two["frames"] == one["frames"] == steps * ENVS * 8
    assert two["updates"] == one["updates"] == 0
    assert [piece[:2] for piece in two["pieces"]] == [piece[:2] for piece in one["pieces"]]
    for (*_, mine), (*_, other) in zip(two["pieces"], one["pieces"], strict=True):
        assert mine.keys() == other.keys()
        for name, value in mine.items():
            np.testing.assert_allclose(value, other[name], rtol=1e-4, atol=1e-5, err_msg=name)
    for name in ("counts", "evicted", "queue", "windows"):
        np.testing.assert_array_equal(two["sampler"][name], one["sampler"][name], err_msg=name)
    assert two["episodes"].keys() == one["episodes"].keys()
    assert all(value.shape == one["episodes"][name].shape for name, value in two["episodes"].items())


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes(runs: Path) -> None:
    """Records, windows, queue and running episodes stay; nothing is collected twice."""
    folder = runs / "numbers"
    run(folder, 2, steps=40)
    before = stored(folder)
    run(folder, 1, steps=5)
    between = stored(folder)
    run(folder, 2)
    after, rows = stored(folder), scores(folder)
    assert before["frames"] < between["frames"] < after["frames"] == CONFIG["run"]["frames"]
    assert between["updates"] > before["updates"]
    assert (before["processes"], between["processes"]) == (2, 1)
    kept = before["sampler"]["windows"].tolist()
    assert between["sampler"]["windows"].tolist()[: len(kept)] == kept
    assert "new ones start" not in (folder / "notes.txt").read_text()
    assert {row["env"] for row in rows} <= set(range(ENVS))
    assert all(row["length"] == rows[0]["length"] for row in rows), "an episode was cut"


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["device", "host"])
def test_an_interrupted_run_of_two_is_continued_exactly(runs: Path, storage: str) -> None:
    replay = {**CONFIG["replay"], "storage": storage}
    run(runs / f"whole-{storage}", 2, replay=replay)
    run(runs / f"parts-{storage}", 2, steps=50, replay=replay)
    run(runs / f"parts-{storage}", 2, replay=replay)
    assert_same(everything(runs / f"whole-{storage}"), everything(runs / f"parts-{storage}"))


@pytest.mark.slow
def test_four_processes_train_and_one_continues(runs: Path) -> None:
    run(runs / "four", 4, steps=45)
    assert stored(runs / "four")["processes"] == 4
    run(runs / "four", 1)
    assert stored(runs / "four")["frames"] == CONFIG["run"]["frames"]


@pytest.mark.slow
def test_the_end_of_one_environment_ends_all_and_saves(runs: Path) -> None:
    """Process 1 has environments 2 and 3; the one that fails is of process 1, and process 0 saves the run."""
    make = "tests.agent.shared_runs.failing:make"
    ends = run(runs / "failing", 2, task="failing", env={"make": make, "action_repeat": 1, "backend": "serial"})
    assert all("EnvironmentFailed" in end or "ProcessLost" in end for end in ends), ends
    assert "process 1" in ends[0] and "it broke" in ends[0]
    assert stored(runs / "failing")["frames"] > 0
