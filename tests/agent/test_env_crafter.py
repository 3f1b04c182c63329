"""Crafter: equal to the package itself, its end told from its limit, reproducible, stored exactly, and scored."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import crafter
import numpy as np
import pytest

from dreamerguard.commands.evaluate import show_scores
from dreamerguard.commands.shared.achievement_facts import achievement_facts
from dreamerguard.schema import RunConfig
from dreamerguard_agent.achievements import achievement_score, success_rates
from dreamerguard_agent.driver import Driver
from dreamerguard_agent.envs import EnvError, make_env
from dreamerguard_agent.envs.adapters.crafter_env import Crafter
from dreamerguard_agent.envs.adapters.crafter_state import KINDS, InOrder
from dreamerguard_agent.evaluate import read_spec

from .crafter_episodes import digest, played
from .played_envs import drawn, resolved, walk

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("task", ["crafter_reward", "crafter_noreward"])
def test_steps_equal_those_of_the_package(task: str) -> None:
    config = resolved(task)
    assert (config.env.action_repeat, config.env.image_size) == (1, 64)
    env = make_env(config, 0, 0)
    assert env.act_space["action"].classes == 17
    seed = env._env._seed  # type: ignore[attr-defined]
    alone = crafter.Env(size=(64, 64), reward=task == "crafter_reward", seed=seed)
    steps = walk(env, actions := drawn(env, 25))  # later, the package draws from a set in the order of addresses
    assert np.array_equal(steps[0]["image"], alone.reset()) and steps[0]["is_first"]
    for step, action in zip(steps[1:], actions[1:], strict=True):
        image, reward, done, info = alone.step(action)
        assert step["image"].dtype == np.uint8 and np.array_equal(step["image"], image)
        assert (step["reward"], step["log/reward"]) == (np.float32(reward), np.float32(info["reward"]))
        assert (step["is_first"], step["is_last"], step["is_terminal"]) == (False, done, info["discount"] == 0)
        counts = {name: step[f"log/achievement_{name}"] for name in info["achievements"]}
        assert counts == info["achievements"] and len(counts) == 22


def test_spaces_hold_for_every_step() -> None:
    env = Crafter()
    for step in walk(env, drawn(env, 3)):
        assert step.keys() == env.obs_space.keys() | {"reward", "is_first", "is_last", "is_terminal"}
        for key, space in env.obs_space.items():
            assert (step[key].dtype, step[key].shape) == (space.dtype, space.shape)
    assert [key for key, _ in read_spec(resolved("crafter_reward")).obs_space] == ["image"]


def test_the_limit_is_not_terminal_and_a_death_is() -> None:
    env = make_env(resolved("crafter_reward", "env.time_limit=5"), 0, 0)
    steps = walk(env, [0] * 7)
    assert [bool(step["is_last"]) for step in steps] == [False] * 5 + [True, False]
    assert not any(step["is_terminal"] for step in steps) and steps[6]["is_first"] and steps[6]["reward"] == 0
    assert make_env(resolved("crafter_reward"), 0, 0)._env._length == 10_000  # type: ignore[attr-defined]

    env = Crafter(seed=1)
    env.step({"action": 0, "reset": True})
    env._env._player.health = 1
    while not (step := env.step({"action": 0, "reset": False}))["is_last"]:
        env._env._player._hunger = env._env._player._thirst = 100  # starves within the limit
        assert env._env._step < 600
    assert step["is_terminal"] and env._env._player.health == 0


def test_rewards_are_those_of_the_paper() -> None:
    """An achievement gives 1 the first time in an episode, a point of health gives or takes 0.1."""
    env = Crafter(seed=0)
    env.step({"action": 0, "reset": True})
    player, do = env._env._player, crafter.constants.actions.index("do")
    for wood, wanted in ((1, 1.0), (2, 0.0)):
        env._env._world[player.pos + player.facing] = "tree"
        step = env.step({"action": do, "reset": False})
        assert step["reward"] == wanted and step["log/achievement_collect_wood"] == wood
    player.health -= 3
    assert env.step({"action": 0, "reset": False})["reward"] == pytest.approx(-0.3)
    env.step({"action": 0, "reset": True})
    env._env._world[env._env._player.pos + env._env._player.facing] = "tree"
    assert env.step({"action": do, "reset": False})["reward"] == 1.0


_SCRIPT = """
import sys
from tests.agent.crafter_episodes import played
kept = [bytearray(size) for size in range(int(sys.argv[1]))]  # other addresses
print(played(seed=4, steps=150))
"""


def test_seeds_reproduce_episodes_in_other_processes() -> None:
    root = Path(__file__).parents[2]
    paths = f"{root}:{root / 'agent'}"
    first, second = (
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, size], cwd=root, env={"PYTHONPATH": paths}, capture_output=True, check=True
        ).stdout
        for size in ("0", "5000")
    )
    assert first == second != b""
    assert played(seed=5, steps=30) != played(seed=4, steps=30)


def test_creatures_of_an_area_keep_their_order() -> None:
    items = InOrder()
    for item in (3, 1, 2):
        items.add(item)
    items.remove(1)
    items.add(1)
    assert list(items) == [3, 2, 1]


def _eventful(seed: int) -> Crafter:
    """An environment with every kind of object, at night, with a sleeping player."""
    env = Crafter(seed=seed)
    walk(env, drawn(env, 40, seed))
    world, player = env._env._world, env._env._player
    free = [(x, y) for x in range(64) for y in range(64) if world[x, y] == ("grass", None)]
    _, cow, zombie, skeleton, arrow, plant = KINDS
    places = iter(free[:: len(free) // 8])
    made = ((cow, ()), (zombie, (player,)), (skeleton, (player,)), (arrow, ((0, 1),)), (plant, ()))
    for kind, more in made:
        world.add(kind(world, next(places), *more))
    env._env._step, player.sleeping = 290, True
    player.inventory["energy"], player._hunger = 3, 4.5
    return env


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_a_stored_world_continues_exactly(cut: int) -> None:
    env, other = (_eventful(2), Crafter(seed=2)) if cut == 40 else (Crafter(seed=2), Crafter(seed=2))
    if cut == 1:
        env.step({"action": 0, "reset": True})
    other.load({key: value.copy() for key, value in env.state().items()})
    for action in drawn(env, 60, seed=3):
        one, two = (made.step({"action": action, "reset": False}) for made in (env, other))
        assert digest([one]) == digest([two])
    one, two = (made.step({"action": 0, "reset": True}) for made in (env, other))  # the next world
    assert digest([one]) == digest([two])
    assert all(np.array_equal(value, env.state()[key]) for key, value in other.state().items())


def test_a_world_of_another_version_is_not_restored() -> None:
    env = Crafter()
    with pytest.raises(ValueError, match=r"crafter 0\.9 stored the worlds"):
        env.load(env.state() | {"version": np.frombuffer(b"0.9", np.uint8)})


@pytest.mark.parametrize(
    ("task", "env", "message"),
    [
        ("crafter_rewards", {}, "crafter has no task `rewards`; it has crafter_reward and crafter_noreward"),
        ("crafter_reward", {"observation": "proprio"}, "crafter_reward has only images"),
    ],
)
def test_errors(task: str, env: dict[str, Any], message: str) -> None:
    with pytest.raises(EnvError, match=message):
        make_env(RunConfig.model_validate({"task": task, "env": {"observation": "vision", **env}}), 0, 0)


def test_episodes_record_achievements() -> None:
    driver = Driver([Crafter(length=20, seed=seed) for seed in range(2)])
    ended = [
        episode
        for number in range(22)
        for episode in driver.step({"action": np.array([6, 6 if number else 5], np.int32)})  # sleep, do
    ]
    assert "log/reward" not in driver.obs_space and set(driver.observe()) == {
        *("image", "reward", "is_first", "is_last", "is_terminal")
    }
    assert len(ended) == 2 and all(episode.logs["log/achievement_collect_wood/max"] == 0 for episode in ended)
    assert ended[0].logs["log/reward/sum"] == pytest.approx(ended[0].score)


def test_score_of_the_paper() -> None:
    episodes = [
        {"log/achievement_a/max": 3.0, "log/achievement_b/max": 0.0, "log/achievement_a/sum": 9.0, "score": 1.0},
        {"log/achievement_a/max": 1.0, "log/achievement_b/max": 1.0},
        {"log/achievement_a/max": 0.0, "log/achievement_b/max": 0.0},
        {"log/achievement_a/max": 2.0, "log/achievement_b/max": 0.0},
    ]
    assert success_rates(episodes) == {"a": 75.0, "b": 25.0}
    assert achievement_score({"a": 75.0, "b": 25.0}) == pytest.approx(math.sqrt(76 * 26) - 1)
    assert achievement_score(dict.fromkeys("abc", 100.0)) == pytest.approx(100.0)
    assert achievement_score(dict.fromkeys("abc", 0.0)) == 0.0
    assert success_rates([{"score": 1.0}]) == success_rates([]) == {}


def test_eval_reports_the_score_of_its_episodes_and_of_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"log/achievement_a/max": 1.0}, {"log/achievement_a/max": 0.0}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "scores.jsonl").write_text(text + '{"log/achi\n[1]\n')
    facts = achievement_facts(tmp_path, [{"log/achievement_a/max": 1.0}])
    assert facts["achievements"] == {"a": 100.0} and facts["achievement_score"] == pytest.approx(100.0)
    assert facts["training"] == {"episodes": 2, "achievement_score": pytest.approx(50.0)}
    assert achievement_facts(tmp_path, [{}]) == {}
    show_scores("crafter_reward", 10, {0: [1.0, 2.0]}, False, {0: facts})
    out = capsys.readouterr().out
    assert "achievement score 100.00 %" in out and "a 100 %" in out and "2 training episodes" in out
    show_scores("crafter_reward", 10, {0: [1.0, 2.0]}, True, {0: facts})
    assert json.loads(capsys.readouterr().out)["achievement_score"] == pytest.approx(100.0)


def test_two_deaths_at_the_same_step_are_no_time_limit_to_the_probe(tmp_path: Path) -> None:
    """With seed 0, the first two random episodes end at step 160."""
    command = [sys.executable, "-m", "dreamerguard", "lint", "--probe", "--", "dreamerguard", "train", "crafter_reward"]
    probed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (probed.returncode, "3 random episodes played" in probed.stdout) == (0, True), probed.stdout
