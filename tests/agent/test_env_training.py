"""Small agents train on environments of Gymnasium: evaluated, interrupted and resumed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.checkpoints.folder import newest_sound
from dreamerguard_agent.events import Silent
from dreamerguard_agent.failures import EnvironmentFailed
from dreamerguard_agent.loop import RunResult, train

from .same_runs import SMALL

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("quick_programs")]


def after(calls: int) -> Callable[[], bool]:
    """Returns a wish to stop that comes true at call number ``calls``."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def go(directory: Path, calls: int, notes: list[str], **changes: Any) -> RunResult:
    directory.mkdir(exist_ok=True)
    heard = Silent()
    heard.note = notes.append  # type: ignore[method-assign]
    return train(RunConfig(**{**SMALL, **changes}), directory, heard, after(calls))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_cartpole_trains_evaluates_is_interrupted_and_resumed(tmp_path: Path) -> None:
    notes: list[str] = []
    changes = {
        "task": "gym:CartPole-v1",
        "env": {"action_repeat": 1, "backend": "serial"},
        "run": {"frames": 400, "train_ratio": 4, "envs": 2},
        "eval": {"every": 200, "episodes": 2},
    }
    first = go(tmp_path / "run", 90, notes, **changes)
    assert not first.finished and first.updates > 5
    second = go(tmp_path / "run", 10_000, notes, **changes)
    assert second.finished and second.updates > first.updates
    assert "the checkpoint holds no running episodes: new ones start" in notes
    scores = rows(tmp_path / "run" / "scores.jsonl")
    assert len(scores) > 5 and all(row["score"] == row["length"] for row in scores)  # one point per step
    assert [row["frames"] for row in rows(tmp_path / "run" / "eval.jsonl")] == [200, 400]


@pytest.mark.slow
def test_dict_observations_several_actions_and_records_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent / "custom_envs")
    monkeypatch.setattr(sys, "path", list(sys.path))
    notes: list[str] = []
    changes = {
        "task": "my_room",
        "env": {"action_repeat": 2, "backend": "serial", "image_size": 48, "make": "my_envs:room"}
        | {"kwargs": {"length": 9}},
        "run": {"frames": 200, "train_ratio": 4, "envs": 2},
        "model": {**SMALL["model"], "depth": 2, "image_blocks": 4},
        "eval": {"every": 200, "episodes": 2},
    }
    outcome = go(tmp_path / "run", 10_000, notes, **changes)
    assert outcome.finished and outcome.updates > 5
    (row,) = rows(tmp_path / "run" / "eval.jsonl")
    assert row["log/coins/last"] == row["log/coins/max"] >= 9 and row["log/coins/sum"] > 9
    assert "observation `hint` is not used: it is text" in notes
    scores = rows(tmp_path / "run" / "scores.jsonl")
    assert scores and all(row["log/coins/last"] == row["log/coins/max"] >= 9 for row in scores)
    found, _ = newest_sound(tmp_path / "run" / "checkpoints")
    assert found is not None
    stored = {name for group in found.tables for piece in found.pieces(group) for name in piece.arrays}
    assert {"view", "place/x", "action/0", "action/1"} <= stored and not any("log/" in name for name in stored)
    sys.modules.pop("my_envs", None)


@pytest.mark.slow
def test_an_environment_that_raises_ends_the_run_and_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent / "custom_envs")
    monkeypatch.setattr(sys, "path", list(sys.path))
    env = {"action_repeat": 1, "backend": "serial", "make": "my_envs:own", "time_limit": 5}
    monkeypatch.setitem(sys.modules, "my_envs", _fails_late())
    with pytest.raises(EnvironmentFailed, match=r"my_own: step\(\) raised ZeroDivisionError") as caught:
        go(tmp_path / "run", 10_000, [], task="my_own", env=env, run={"frames": 400, "train_ratio": 4, "envs": 2})
    assert caught.value.frames is not None and caught.value.frames > 40
    assert {row["length"] for row in rows(tmp_path / "run" / "scores.jsonl")} == {5}


def _fails_late() -> Any:
    from types import SimpleNamespace

    from .custom_envs.my_envs import Own

    class Late(Own):
        def step(self, action: Any) -> Any:
            self.steps = getattr(self, "steps", 0) + 1
            return super().step(action) if self.steps < 50 else np.zeros(1) / (1 // 0)

    return SimpleNamespace(own=Late)
