"""A run that is stopped and resumed equals one that was never interrupted, bit for bit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.background_evaluation import BackgroundEvaluation, Played
from dreamerguard_agent.checkpoints.folder import newest_sound
from dreamerguard_agent.envs import WaitEnded
from dreamerguard_agent.events import Silent
from dreamerguard_agent.failures import EnvironmentFailed
from dreamerguard_agent.loop import Run, RunResult, train

from ..tensorboard_rows import assert_tensorboard_agrees, rows
from .same_runs import SMALL, assert_same, everything

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("quick_programs")]


def after(calls: int) -> Callable[[], bool]:
    """Returns a wish to stop that comes true at call number ``calls``."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def never() -> bool:
    return False


def go(directory: Path, stop: Callable[[], bool] = never, observer: Any = None, **changes: Any) -> RunResult:
    directory.mkdir(exist_ok=True)
    return train(RunConfig(**{**SMALL, **changes}), directory, observer or Silent(), stop)


def interrupted(directory: Path, points: list[int], **changes: Any) -> None:
    for calls in points:
        assert not go(directory, after(calls), **changes).finished
    assert go(directory, **changes).finished


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("exact") / "whole"
    assert go(directory).finished
    return directory


def test_a_run_stopped_at_drawn_steps_equals_the_uninterrupted_one(whole: Path, tmp_path: Path) -> None:
    points = [int(number) for number in np.random.default_rng(7).integers(2, 70, 2)]  # of 150 vector steps
    interrupted(tmp_path / "run", points)
    assert_same(everything(whole), everything(tmp_path / "run"))
    assert len((whole / "scores.jsonl").read_text().splitlines()) == 2  # episodes crossed the interruptions


def test_scores_of_the_step_before_a_save_are_kept(whole: Path, tmp_path: Path) -> None:
    settings = {"logging": {"every": 1e6, "tensorboard": True}}
    heard, said, ended = Silent(), list[str](), list[int]()
    heard.note = said.append  # type: ignore[method-assign]
    heard.episode = lambda frames, episode: ended.append(frames)  # type: ignore[method-assign]
    assert not go(tmp_path / "run", lambda: bool(ended), heard, **settings).finished
    assert len(rows(tmp_path / "run" / "scores.jsonl")) == 2  # both environments ended with the last step
    assert go(tmp_path / "run", observer=heard, **settings).finished
    assert_same(everything(whole), everything(tmp_path / "run"))
    assert_tensorboard_agrees(tmp_path / "run")
    assert not [text for text in said if "does not fit" in text]


def test_a_stop_does_not_move_an_evaluation_that_waits_for_the_one_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"eval": {"every": 400, "episodes": 1}}
    go(tmp_path / "whole", **settings)
    waits, take, stopping = itertools.count(), BackgroundEvaluation.take, list[int]()

    def stopped(self: BackgroundEvaluation, *, wait: bool) -> Played | None:
        if wait and self.pending is not None and next(waits) == 1:
            stopping.append(self.pending.frames)
            raise WaitEnded("the evaluation was ended")
        return take(self, wait=wait)

    monkeypatch.setattr(BackgroundEvaluation, "take", stopped)
    assert not go(tmp_path / "run", lambda: bool(stopping), **settings).finished
    monkeypatch.undo()
    assert go(tmp_path / "run", **settings).finished
    assert_same(everything(tmp_path / "whole"), everything(tmp_path / "run"))


def test_environments_in_this_thread_resume_exactly(whole: Path, tmp_path: Path) -> None:
    interrupted(tmp_path / "run", [60], env={"backend": "serial", "action_repeat": 8})
    first, second = everything(whole), everything(tmp_path / "run")
    both = first.keys() & second.keys()  # the backends store their environments under other names
    assert {name for name in first if not name.startswith("envs")} <= both
    assert_same({name: first[name] for name in both}, {name: second[name] for name in both})


@pytest.mark.slow
def test_several_agents_resume_exactly(tmp_path: Path) -> None:
    go(tmp_path / "whole", seeds=2)
    interrupted(tmp_path / "run", [70], seeds=2)
    assert_same(everything(tmp_path / "whole"), everything(tmp_path / "run"))


def test_a_run_that_is_stopped_before_its_first_step_saves_nothing(tmp_path: Path) -> None:
    outcome = go(tmp_path / "run", lambda: True)
    assert outcome == RunResult(0, 0, finished=False, saved=False)
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == b""


def notes_of_a_start(directory: Path, backend: str) -> list[str]:
    """Starts a run up to its first step, with another backend, and returns what it says about its episodes."""
    said: list[str] = []
    heard = Silent()
    heard.note = said.append  # type: ignore[method-assign]
    config = RunConfig(**{**SMALL, "env": {"backend": backend, "action_repeat": 8}})
    found, _ = newest_sound(directory / "checkpoints")
    with closing(Run(config, directory, found, heard)) as run:
        assert run.state.episodes.observe()["is_first"].all() == any("new" in text for text in said)
    return [text for text in said if "episodes" in text]


def test_another_backend_starts_new_episodes_and_says_so(tmp_path: Path) -> None:
    go(tmp_path / "serial", after(20), env={"backend": "serial", "action_repeat": 8})
    assert notes_of_a_start(tmp_path / "serial", "serial") == []
    assert notes_of_a_start(tmp_path / "serial", "native") == [
        (
            "the running episodes cannot be continued, new ones start:"
            " the checkpoint does not have 'simulation' of the running episodes"
        )
    ]
    assert notes_of_a_start(tmp_path / "serial", "process") == [
        "the running episodes cannot be continued, new ones start: environments in worker processes cannot be restored"
    ]
    go(tmp_path / "process", after(20), env={"backend": "process", "action_repeat": 8})
    assert notes_of_a_start(tmp_path / "process", "native") == [
        "the checkpoint holds no running episodes: new ones start"
    ]


def test_new_episodes_start_where_the_simulator_cannot_restore_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of MuJoCo may need another state: the run goes on and says so."""
    from dreamerguard_agent.envs.dmc import simulation_state

    notes: list[str] = []
    heard = Silent()
    monkeypatch.setattr(heard, "note", notes.append)

    go(tmp_path / "run", after(20))  # new episodes of 125 steps end within the 150 of the run
    with monkeypatch.context() as patch:
        patch.setattr(simulation_state, "PARTS", 1)  # time only
        assert go(tmp_path / "run", observer=heard).finished
    assert any("episodes cannot be continued, new ones start: a stored simulation" in text for text in notes)
    rows = [json.loads(line) for line in (tmp_path / "run" / "scores.jsonl").read_text().splitlines()]
    assert [row["frames"] for row in rows] == sorted(row["frames"] for row in rows)
    assert [row["length"] for row in rows] == [125, 125]


def test_an_environment_that_raises_saves_the_run_and_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dreamerguard_agent.envs.dmc.native import NativeEnvs

    steps, step = iter(range(10**9)), NativeEnvs.step

    def breaking(self: NativeEnvs, actions: Any, reset: Any) -> Any:
        if next(steps) == 90:
            raise RuntimeError("the arm fell off")
        return step(self, actions, reset)

    with monkeypatch.context() as patch:
        patch.setattr(NativeEnvs, "step", breaking)
        with pytest.raises(EnvironmentFailed, match="an environment failed: RuntimeError: the arm fell off") as failed:
            go(tmp_path / "run", eval={"every": 0})
    assert failed.value.frames == 90 * 2 * 8  # the first of 91 steps started the episodes
    assert everything(tmp_path / "run")["step"] == 180
    assert go(tmp_path / "run", eval={"every": 0}).finished
    assert len((tmp_path / "run" / "scores.jsonl").read_text().splitlines()) == 0  # both episodes were cut


@pytest.mark.slow
@pytest.mark.parametrize(("task", "repeat"), [("atari100k_pong", 4), ("crafter_reward", 1)])
def test_games_and_worlds_resume_exactly(task: str, repeat: int, tmp_path: Path) -> None:
    """The interruptions lie within episodes, whose images and random numbers must continue."""
    changes: dict[str, Any] = {
        "task": task,
        "run": {"frames": 120 * repeat, "train_ratio": 8, "envs": 1},
        "env": {"observation": "vision", "action_repeat": repeat, "image_size": 64},
        "model": SMALL["model"] | {"depth": 2, "image_blocks": 4},
        "eval": {"every": 0},
    }
    assert go(tmp_path / "whole", **changes).finished
    interrupted(tmp_path / "run", [30, 40], **changes)
    assert_same(everything(tmp_path / "whole"), everything(tmp_path / "run"))
