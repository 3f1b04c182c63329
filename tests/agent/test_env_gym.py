"""Environments of Gymnasium and MiniGrid through the adapter: spaces, values, episodes, with the real packages."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.envs import Env, EnvError, make_env
from dreamerguard_agent.envs.adapters.shared.actions import Actions
from dreamerguard_agent.envs.adapters.shared.gym_adapter import GymEnv, Presentation
from dreamerguard_agent.envs.adapters.shared.images import resize
from dreamerguard_agent.envs.adapters.shared.observations import Observations

from .custom_envs.my_envs import Room

START = {"reset": np.asarray(True)}


def run_of(task: str, **env: Any) -> RunConfig:
    return RunConfig.model_validate({"task": task, "env": {"action_repeat": 1, **env}})


def choose(env: Env, rng: np.random.Generator) -> dict[str, Any]:
    chosen = {}
    for key, space in env.act_space.items():
        drawn = rng.integers(0, space.classes, space.shape) if space.discrete else rng.uniform(-1, 1, space.shape)
        chosen[key] = np.asarray(drawn, space.dtype)
    return {**chosen, "reset": np.asarray(False)}


def play(env: Env, steps: int = 40) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(steps):
        seen.append(env.step(choose(env, rng)))
        for key, space in env.obs_space.items():
            assert (seen[-1][key].dtype, seen[-1][key].shape) == (np.dtype(space.dtype), space.shape)
        assert seen[-1]["reward"].dtype == np.float32 and seen[-1]["is_first"].dtype == bool
        assert not (seen[-1]["is_first"] and seen[-1]["is_last"])
    env.close()
    return seen


@pytest.mark.parametrize(
    ("task", "settings", "obs", "act"),
    [
        ("gym:CartPole-v1", {}, {"vector": ArraySpace("float32", (4,))}, {"action": ArraySpace("int32", classes=2)}),
        (
            "gym:Pendulum-v1",
            {},
            {"vector": ArraySpace("float32", (3,))},
            {"action": ArraySpace("float32", (1,), low=-1.0, high=1.0)},
        ),
        (
            "gym:Blackjack-v1",
            {},
            {str(i): ArraySpace("int32", classes=size) for i, size in enumerate((32, 11, 2))},
            {"action": ArraySpace("int32", classes=2)},
        ),
        (
            "gym:FrozenLake-v1",
            {"kwargs": {"map_name": "8x8"}},
            {"vector": ArraySpace("int32", classes=64)},
            {"action": ArraySpace("int32", classes=4)},
        ),
        (
            "gym:ALE/Pong-v5",
            {"image_size": 96},
            {"image": ArraySpace("uint8", (96, 96, 3))},
            {"action": ArraySpace("int32", classes=6)},
        ),
        (
            "minigrid:MiniGrid-Empty-5x5-v0",
            {},
            {"direction": ArraySpace("int32", classes=4), "image": ArraySpace("uint8", (147,), classes=11)},
            {"action": ArraySpace("int32", classes=7)},
        ),
        (
            "minigrid:MiniGrid-Empty-5x5-v0",
            {"observation": "vision"},
            {"direction": ArraySpace("int32", classes=4), "image": ArraySpace("uint8", (64, 64, 3))},
            {"action": ArraySpace("int32", classes=7)},
        ),
    ],
)
def test_spaces_of_real_environments(task: str, settings: Any, obs: Any, act: Any) -> None:
    env = make_env(run_of(task, **settings), 0, 0)
    assert (dict(env.obs_space), dict(env.act_space)) == (obs, act)
    play(env)


def test_images_are_rendered_on_request() -> None:
    seen = play(make_env(run_of("gym:CartPole-v1", observation="vision", image_size=48), 0, 0), 3)
    assert seen[0]["image"].shape == (48, 48, 3) and seen[0]["image"].std() > 1


def test_a_mission_is_not_used_and_a_note_says_so() -> None:
    env: Any = make_env(run_of("minigrid:MiniGrid-Empty-5x5-v0"), 0, 0)
    assert env.notes == ("observation `mission` is not used: it is text",)


@pytest.mark.parametrize(
    ("task", "settings", "message"),
    [
        ("gym:Nope-v1", {}, r"gymnasium cannot make Nope-v1: NameNotFound: Environment `Nope` doesn't exist"),
        ("gym:CartPole-v1", {"kwargs": {"speed": 2}}, "unexpected keyword argument 'speed'"),
        ("gym:CartPole-v1", {"backend": "native"}, "env.backend=native cannot run gym:ID"),
        ("gym:CarRacing-v3", {}, "Box2D is not installed"),
        ("dmc_walker_walk", {"time_limit": 5}, "env.time_limit have no effect on dmc_"),
    ],
)
def test_an_environment_that_cannot_be_made_is_one_message(task: str, settings: Any, message: str) -> None:
    from dreamerguard_agent.envs import make_envs

    with pytest.raises(EnvError, match=message) as caught:
        make_envs(run_of(task, **{"backend": "serial", **settings}), 0, 0, 1)
    assert "\n" not in str(caught.value)


def test_the_same_seed_gives_the_same_episodes_and_no_reset_repeats_another() -> None:
    runs = [play(make_env(run_of("gym:CartPole-v1"), 3, seed), 60) for seed in (1, 1, 2)]
    np.testing.assert_array_equal([s["vector"] for s in runs[0]], [s["vector"] for s in runs[1]])
    starts = [tuple(s["vector"]) for run in runs[1:] for s in run if s["is_first"]]
    assert len(starts) == len(set(starts)) > 2


def test_only_the_first_reset_gets_the_seed() -> None:
    inner = Room(length=1)
    play(GymEnv(inner, "room", 7, Presentation()), 8)
    assert inner.seeds[0] == 7 and len(inner.seeds) > 1 and set(inner.seeds[1:]) == {None}


def test_nested_keys_renamed_keys_images_and_records() -> None:
    env = GymEnv(Room(), "room", 0, Presentation())
    assert dict(env.obs_space) == {
        "doors": ArraySpace("uint8", (3,), classes=2),
        "log/coins": ArraySpace("float32"),
        "obs/value": ArraySpace("float32"),
        "place/cell": ArraySpace("int32", classes=5),
        "place/x": ArraySpace("float32", (2,)),
        "view": ArraySpace("uint8", (64, 64, 3)),
    }
    assert dict(env.act_space) == {
        "action/0": ArraySpace("int32", classes=3),
        "action/1": ArraySpace("int32", classes=2),
    }
    assert sorted(env.notes) == [
        "observation `hint` is not used: it is text",
        "observation `value` is now `obs/value`: the trainer uses the name `value` itself",
        "observation `view`: images (32, 48, 3) are resized to 64 x 64",
    ]
    first, second = play(env, 2)
    assert first["place/x"][1] == 0 and second["place/x"][1] == 1 and second["log/coins"] == 1
    assert second["doors"].tolist() == [1, 0, 1] and second["view"].min() == second["view"].max() == 1


def test_actions_are_repeated_rewards_added_and_the_repeat_stops_at_the_end() -> None:
    inner = Room(length=5)
    env = GymEnv(inner, "room", 0, Presentation(repeat=3))
    action = {"action/0": np.int32(2), "action/1": np.int32(1), "reset": np.asarray(False)}
    env.step(action)
    whole, cut = env.step(action), env.step(action)
    assert (whole["reward"], cut["reward"]) == (6.0, 4.0)
    assert cut["is_last"] and cut["is_terminal"] and inner.time == 5
    np.testing.assert_array_equal(inner.seen, [[2, 1]] * 5)
    assert env.step(action)["is_first"]


@pytest.mark.parametrize("repeat", [1, 2, 5])
def test_a_time_limit_counts_frames_and_is_not_terminal(repeat: int) -> None:
    inner = Room(length=1000)
    seen = play(GymEnv(inner, "room", 0, Presentation(repeat=repeat, time_limit=4)), 12)
    last = next(step for step in seen if step["is_last"])
    assert not last["is_terminal"] and last["place/x"][1] == 4


class Ending(gymnasium.Env[Any, Any]):
    """Ends its first step in a given way; with four values it is the older gym."""

    observation_space = spaces.Box(-1, 1, (1,))
    action_space = spaces.Discrete(2, start=-1)

    def __init__(self, *made: Any) -> None:
        self._made = made
        self.seeds: list[int] = []
        self.action: Any = None

    def step(self, action: Any) -> Any:
        self.action = action
        return (np.zeros(1), 1, *self._made)


class New(Ending):
    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return np.zeros(1), {}


class Old(Ending):
    def seed(self, seed: int) -> None:
        self.seeds.append(seed)

    def reset(self) -> Any:  # type: ignore[override]
        return np.zeros(1)


@pytest.mark.parametrize(
    ("env", "last", "terminal"),
    [
        (New(True, False, {}), True, True),
        (New(False, True, {}), True, False),
        (New(True, True, {}), True, True),
        (New(False, False, {}), False, False),
        (New(np.bool_(True), np.array([False]), {}), True, True),
        (Old(True, {}), True, True),
        (Old(True, {"TimeLimit.truncated": True}), True, False),
        (Old(True, {"TimeLimit.truncated": False}), True, True),
        (Old(True, {"discount": 1.0}), True, False),
        (Old(True, {"discount": 0.0}), True, True),
        (Old(False, {"discount": 1.0}), False, False),
    ],
)
def test_how_an_episode_ends(env: Any, last: bool, terminal: bool) -> None:
    adapter = GymEnv(env, "ending", 5, Presentation())
    action = {"action": np.int32(1), "reset": np.asarray(False)}
    adapter.step(action)
    step = adapter.step(action)
    assert (bool(step["is_last"]), bool(step["is_terminal"])) == (last, terminal)
    assert env.action == 0 and isinstance(env.action, np.integer)
    assert env.seeds == ([5] if isinstance(env, Old) else [])


def test_bounded_actions_are_stretched_and_unbounded_ones_are_passed_on_in_a_range() -> None:
    low, high = np.array([-2, 0, -np.inf, 3, -np.inf], np.float32), np.array([4, 1, np.inf, np.inf, -1], np.float32)
    actions = Actions(spaces.Box(low, high), span=10.0)
    for given, wanted in [
        (-1.0, [-2, 0, -10, 3, -21]),
        (0.0, [1, 0.5, 0, 13, -11]),
        (1.0, [4, 1, 10, 23, -1]),
        (7.0, [4, 1, 10, 23, -1]),
    ]:
        np.testing.assert_allclose(actions.build({"action": np.full(5, given, np.float32)}), wanted)
    where = "`action` has no bounds in 3 of 5 dimensions"
    assert actions.notes == [f"{where}: it gets numbers from -10 to 10 (env.action_range sets the largest)"]


@pytest.mark.parametrize("seed", range(20))
def test_every_action_is_in_the_space(seed: int) -> None:
    from benchmarks.hostile_envs import action_space

    rng = np.random.default_rng(seed)
    space = action_space(rng)
    actions = Actions(space, 3.0)
    for _ in range(20):
        chosen = {
            key: rng.integers(0, part.classes, part.shape) if part.discrete else rng.normal(0, 2, part.shape)
            for key, part in actions.spaces.items()
        }
        assert space.contains(actions.build(chosen))


def test_dimensions_with_one_choice_are_not_learned() -> None:
    actions = Actions(spaces.Dict({"a": spaces.MultiDiscrete([1, 3, 1, 2]), "b": spaces.Discrete(1, start=4)}))
    assert sorted(actions.spaces) == ["action/a/1", "action/a/3"]
    built = actions.build({"action/a/1": np.int32(2), "action/a/3": np.int32(1)})
    assert built["a"].tolist() == [0, 2, 0, 1] and built["b"] == 4


@pytest.mark.parametrize(
    ("space", "value", "wanted"),
    [
        (spaces.Box(0.0, 1.0, (20, 20, 3)), np.full((20, 20, 3), 0.5), 128),
        (spaces.Box(0.0, 255.0, (20, 20, 3)), np.full((20, 20, 3), 7.4), 7),
        (spaces.Box(0, 255, (3, 20, 24), np.uint8), np.full((3, 20, 24), 9, np.uint8), 9),
        (spaces.Box(0, 255, (84, 84), np.uint8), np.full((84, 84), 3, np.uint8), 3),
        (spaces.Box(0, 255, (64, 64, 1), np.uint8), np.full((64, 64, 1), 4, np.int64), 4),
    ],
)
def test_images_of_every_form_become_bytes(space: Any, value: Any, wanted: int) -> None:
    image = Observations(space, 64).read(value)["image"]
    assert image.dtype == np.uint8 and image.shape[:2] == (64, 64) and image.min() == image.max() == wanted


def test_small_grids_and_other_numbers_are_vectors() -> None:
    assert Observations(spaces.Box(0, 255, (7, 7, 3), np.uint8), 64).spaces == {"vector": ArraySpace("float32", (147,))}
    assert Observations(spaces.Box(0, 9, (2, 2), np.int64), 64).spaces == {"vector": ArraySpace("float32", (2, 2))}
    with pytest.raises(EnvError, match="stack of images"):
        Observations(spaces.Box(0, 255, (4, 84, 84, 3), np.uint8), 64)


def test_resizing_is_the_mean_of_the_covered_pixels_and_keeps_channels_apart() -> None:
    image = np.arange(4 * 4 * 4, dtype=np.uint8).reshape(4, 4, 4)
    means = image.reshape(2, 2, 2, 2, 4).mean((1, 3))
    np.testing.assert_array_equal(resize(image, 2), np.floor(means + 0.5))
    image[..., 3] = 0  # not taken for transparency
    assert resize(image, 2)[..., 0].max() > 0
    np.testing.assert_array_equal(resize(image, 8)[::2, ::2], image)


def test_values_outside_the_image_are_an_error_that_names_the_key() -> None:
    space = spaces.Dict({"view": spaces.Box(0.0, 1.0, (20, 20, 3)), "x": spaces.Discrete(3)})
    for view, x, message in [
        (np.full((20, 20, 3), 2.0), 0, r"observation `view` has values from 2 to 2, not 0 to 1"),
        (np.zeros((20, 20, 3)), 3, r"observation `x` is 3, which is none of the choices"),
        (np.zeros((20, 20)), 0, r"observation `view` has shape \(20, 20\); its space has \(20, 20, 3\)"),
    ]:
        with pytest.raises(EnvError, match=message):
            Observations(space, 64).read({"view": view, "x": x})
