"""The training loop as a whole, at the smallest size that still does everything."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.checkpoints.folder import newest_sound
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import RunResult, train

from . import same_runs

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("quick_programs")]

SMALL: dict[str, Any] = {
    **same_runs.SMALL,
    "run": {"frames": 1200, "train_ratio": 8, "envs": 2},
    "env": {"action_repeat": 2},
    "eval": {"every": 600, "episodes": 2},
}


class Heard(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.evaluations: list[tuple[int, int]] = []

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def evaluated(self, frames: int, scores: Any) -> None:
        self.evaluations.append((frames, len(scores)))


def run(directory: Path, **changes: Any) -> tuple[RunResult, Heard]:
    heard = Heard()
    directory.mkdir()
    return train(RunConfig(**{**SMALL, **changes}), directory, heard, lambda: False), heard


def params(directory: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of the last checkpoint, read without knowing their structure."""
    found, damaged = newest_sound(directory / "checkpoints")
    assert found is not None and not damaged
    return {name: value for name, value in found.part("learner").items() if name.startswith("params/")}


def scores(directory: Path) -> list[float]:
    """Scores of the evaluation episodes; too few frames pass here for a training episode to end."""
    rows = [json.loads(line) for line in (directory / "eval.jsonl").read_text().splitlines()]
    return [score for row in rows for score in row["scores"]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult, Heard]:
    directory = tmp_path_factory.mktemp("loop") / "first"
    return directory, *run(directory)


def test_every_update_that_is_due_is_done(trained: tuple[Path, RunResult, Heard]) -> None:
    directory, outcome, _ = trained
    assert outcome.finished
    assert outcome.frames == 1200
    # 600 agent steps. Training starts with 16 windows: 2 streams of 8 windows of 9 records, so after 16 records each.
    assert outcome.updates == (600 - 32) // 2 + 1
    last = json.loads((directory / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["train_ratio/achieved"] == pytest.approx(8, rel=0.01)
    assert last["opt/updates"] == pytest.approx((outcome.updates + 1) / 2)  # mean of 1 ... n
    assert all(np.isfinite(value) for key, value in last.items() if key.startswith("loss/"))


def test_evaluations_are_played_when_they_are_due(trained: tuple[Path, RunResult, Heard]) -> None:
    assert [frames for frames, _ in trained[2].evaluations] == [600, 1200]
    assert {count for _, count in trained[2].evaluations} == {2}


def test_one_seed_gives_one_result(trained: tuple[Path, RunResult, Heard], tmp_path: Path) -> None:
    run(tmp_path / "second")
    assert len(scores(trained[0])) == 4
    assert scores(tmp_path / "second") == scores(trained[0])
    first, second = params(trained[0]), params(tmp_path / "second")
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


@pytest.mark.slow
def test_another_seed_gives_another_result(trained: tuple[Path, RunResult, Heard], tmp_path: Path) -> None:
    run(tmp_path / "other", seed=1)
    assert scores(tmp_path / "other") != scores(trained[0])


def test_a_ratio_of_zero_never_updates(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path / "zero", run={"frames": 200, "train_ratio": 0, "envs": 2}, eval={"every": 0})
    assert outcome.updates == 0
