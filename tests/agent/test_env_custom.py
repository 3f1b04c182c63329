"""A user's own environment: `env.make`, in this process and in workers, with the working directory of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.driver import Driver, mean_logs
from dreamerguard_agent.envs import EnvError, EnvsFailed, VectorEnv, make_env, make_envs
from dreamerguard_agent.envs.adapters.custom import load_maker

FOLDER = Path(__file__).parent / "custom_envs"


@pytest.fixture(autouse=True)
def _in_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(FOLDER)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("my_envs", None)


def run_of(make: str, task: str = "my_room", **env: Any) -> RunConfig:
    return RunConfig.model_validate({"task": task, "env": {"make": make, "action_repeat": 1, **env}})


def episodes(envs: VectorEnv, steps: int = 40) -> tuple[list[dict[str, Any]], list[Any]]:
    """Plays drawn actions; returns all observations and the ended episodes."""
    rng, seen, ended = np.random.default_rng(0), [], []
    with closing(Driver(envs)) as driver:
        for _ in range(steps):
            seen.append(driver.observe())
            drawn = {}
            for key, space in driver.act_space.items():
                shape = (len(envs), *space.shape)
                values = rng.integers(0, space.classes, shape) if space.discrete else rng.uniform(-1, 1, shape)
                drawn[key] = np.asarray(values, space.dtype)
            ended += driver.step(drawn)
    return seen, ended


def test_a_function_of_the_working_directory_makes_the_environment() -> None:
    env = make_env(run_of("my_envs:room", kwargs={"length": 3}), 0, 0)
    assert dict(env.act_space) == {
        "action/0": ArraySpace("int32", classes=3),
        "action/1": ArraySpace("int32", classes=2),
    }
    assert sys.path[-1] == str(FOLDER)  # after everything that is installed


def test_records_are_logged_and_not_observed() -> None:
    seen, ended = episodes(make_envs(run_of("my_envs:room", backend="serial", kwargs={"length": 4}), 0, 0, 2))
    assert "log/coins" not in seen[0] and "obs/value" in seen[0]
    for episode in ended:
        n = episode.length
        assert mean_logs([episode, episode]) == episode.logs
        assert episode.logs == {"log/coins/sum": n * (n + 1) / 2, "log/coins/max": n, "log/coins/last": n}
    assert len(ended) > 5


def test_an_object_with_the_trainers_protocol_is_checked_and_repeated() -> None:
    config = run_of("my_envs:own", task="abcd", backend="serial", action_repeat=2)
    seen, ended = episodes(make_envs(config, 0, 0, 2), 12)
    assert seen[0]["name"][:, 0].tolist() == [4, 4] and seen[0]["name"].dtype == np.float32
    assert seen[0]["name"][0, 1] != seen[0]["name"][1, 1]  # another seed for every environment
    assert [(episode.length, episode.score) for episode in ended] == [(4, 7.0)] * 4
    assert ended[0].logs["log/steps/last"] == 7


@pytest.mark.integration
@pytest.mark.skipif(os.name != "posix", reason="worker processes need Linux or macOS")
@pytest.mark.parametrize("config", [run_of("my_envs:room", kwargs={"length": 5}), run_of("my_envs:own")])
def test_worker_processes_give_the_same_episodes(config: RunConfig) -> None:
    played = []
    for backend in ("serial", "process"):
        env = config.env.model_copy(update={"backend": backend, "workers": 2})
        played.append(episodes(make_envs(config.model_copy(update={"env": env}), 0, 3, 3)))
    (seen, ended), (others, also) = played
    assert ended == also and len(ended) > 5
    for first, second in zip(seen, others, strict=True):
        assert first.keys() == second.keys()
        for key, value in first.items():
            np.testing.assert_array_equal(value, second[key], err_msg=key)


@pytest.mark.integration
@pytest.mark.skipif(os.name != "posix", reason="worker processes need Linux or macOS")
def test_an_environment_that_raises_ends_the_run_with_its_message_and_place() -> None:
    for backend, error in (("serial", EnvError), ("process", EnvsFailed)):
        config = run_of("my_envs:room", backend=backend, workers=1, kwargs={"fails_at": 3})
        with pytest.raises(error, match=r"my_room: step\(\) raised RuntimeError: the floor gave way \(.*my_envs.py, l"):
            episodes(make_envs(config, 0, 0, 1))


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        ("my_envs", {}, "env.make=my_envs is no entry point of the group dreamerguard.envs"),
        ("my_envs:", {}, "must be module:function"),
        ("my-envs:make", {}, "must be module:function"),
        ("no_such_module:make", {}, "there is no module no_such_module, neither installed nor in .*custom_envs"),
        ("my_envs:missing", {}, "my_envs.py has no function missing"),
        ("my_envs:NOT_A_FUNCTION", {}, "my_envs.py has no function NOT_A_FUNCTION"),
        ("my_envs:room", {"kwargs": {"height": 2}}, "unexpected keyword argument 'height'"),
        ("my_envs:broken", {}, "raised OSError: no such map"),
        ("my_envs:nothing", {}, "my_room is NoneType, not an environment: it has no observation_space"),
        ("my_envs:vector", {}, "my_room is a vector environment of 2; make a single one"),
    ],
)
def test_a_maker_that_does_not_work_is_one_message(make: str, settings: Any, message: str) -> None:
    with pytest.raises(EnvError, match=message) as caught:
        make_env(run_of(make, **settings), 0, 0)
    assert "\n" not in str(caught.value)


def test_an_environment_that_can_be_stored_continues_its_episodes() -> None:
    def make() -> Driver:
        return Driver(make_envs(run_of("my_envs:stored", backend="serial", time_limit=6), 0, 0, 2))

    def play(driver: Driver, steps: int) -> list[Any]:
        seen = []
        for number in range(steps):
            seen.append((driver.step({"action": np.full((2, 1), number / 9, np.float32)}), driver.observe()))
        return seen

    first, second = make(), make()
    play(first, 10)
    state = first.state()
    assert state is not None and state["logs.log/steps/sum"].tolist() == [6, 6]
    second.load(state)
    for (ended, obs), (others, also) in zip(play(first, 9), play(second, 9), strict=True):
        assert ended == others
        for key, value in obs.items():
            np.testing.assert_array_equal(value, also[key])
    with pytest.raises(ValueError, match="recorded numbers"):
        second.load({key: value for key, value in state.items() if not key.startswith("logs.")})
    assert make_envs(run_of("my_envs:own", backend="serial"), 0, 0, 1).state() is None


def test_an_entry_point_makes_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "mazes-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mazes\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(
        "[dreamerguard.envs]\nmaze = my_envs:own\nbad = my_envs:NOT_A_FUNCTION\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path), str(FOLDER)])
    assert "name" in make_env(run_of("maze"), 0, 0).obs_space
    with pytest.raises(EnvError, match=r"env\.make=bad: the entry point is int, not a function"):
        make_env(run_of("bad"), 0, 0)
    with pytest.raises(EnvError, match=r"env.make=maz is no entry point .*; installed are bad, maze\."):
        make_env(run_of("maz"), 0, 0)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("reserved", r"obs_space\['value'\] has a name that the trainer uses itself"),
        ("sides", r"obs_space\['image'\] has \(50, 64\) pixels; sides must be multiples of 16"),
        ("both", "`name` is an observation and an action"),
        ("no space", r"obs_space\['name'\] is int, not an ArraySpace"),
        ("no key", "obs_space has no key"),
        ("log vector", r"obs_space\['log/x'\] is recorded and must be a single number"),
        ("nan", "observation `name` is not finite: 2 of 2 numbers are NaN or infinite"),
        ("shape", r"observation `name` has shape \(3,\); its space has \(2,\)"),
        ("first", "the first step of an episode has is_first"),
        ("early", "the first step of an episode has is_first, not is_last"),
        ("reward", "the reward is NoneType; it must be one number"),
        ("flag", "`is_terminal` is str; it must be true or false"),
        ("missing", r"step\(\) returned no `name`"),
        ("none", r"step\(\) returned NoneType, not a dict by key"),
        ("differs", "environment 1 and environment 0 have different spaces"),
    ],
)
def test_an_object_that_breaks_the_protocol_is_one_message(fault: str, message: str) -> None:
    config = run_of("my_envs:odd", backend="serial", kwargs={"fault": fault})
    with pytest.raises(EnvError, match=f"^my_room: {message}"):
        episodes(make_envs(config, 0, 0, 2))


@pytest.mark.integration
@pytest.mark.skipif(os.name != "posix", reason="worker processes need Linux or macOS")
def test_workers_with_different_spaces_are_refused() -> None:
    config = run_of("my_envs:odd", backend="process", workers=2, kwargs={"fault": "differs"})
    with pytest.raises(EnvError, match="worker process 1 and worker process 0 have other spaces"):
        make_envs(config, 0, 0, 2)


def test_an_installed_module_is_never_replaced_by_one_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('replaced')")
    (tmp_path / "mine.py").write_text("import numpy\ndef make():\n    return numpy.zeros(1)\n")
    monkeypatch.chdir(tmp_path)
    assert load_maker("mine:make")().shape == (1,)


def test_an_import_that_fails_names_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import no_such_library\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EnvError, match=r"importing needs_more raised ModuleNotFoundError: No module named 'no_such"):
        load_maker("needs_more:make")
