"""EnvPool: the order of steps and resets with pools played from sequences, and with the real package where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.envs import EnvError, make_agent_envs, make_env, make_envs, make_watched
from dreamerguard_agent.envs.adapters.envpool_env import OneOfPool, pool_settings
from dreamerguard_agent.envs.adapters.envpool_pool import PoolEnvs
from dreamerguard_agent.envs.adapters.shared.gym_adapter import GymEnv, Presentation
from dreamerguard_agent.envs.registry import has_native

START = {"reset": np.asarray(True)}


class Played:
    """A pool that returns a sequence: observation, reward, terminated, truncated of each step.

    As in envpool, the step after an end starts an episode: it ignores the action and returns the last reward again.
    """

    observation_space = spaces.Dict({"x": spaces.Box(2.2e-308, 1.8e308, (1,), np.float64)})
    action_space = spaces.Discrete(3)

    def __init__(self, *steps: tuple[float, float, bool, bool]) -> None:
        self.steps, self.at, self.calls = steps, 0, []  # type: ignore[var-annotated]
        self.memory = np.zeros((1, 1))

    def reset(self) -> Any:
        self.calls.append("reset")
        self.memory[:] = -len(self.calls)
        return {"x": self.memory}, {"elapsed_step": np.zeros(1)}

    def step(self, action: Any) -> Any:
        assert action.shape == (1,)
        self.calls.append(int(action[0]))
        value, reward, terminated, truncated = self.steps[self.at]
        self.at += 1
        self.memory[:] = value
        return {"x": self.memory}, np.float32([reward]), np.array([terminated]), np.array([truncated]), {}

    def close(self) -> None: ...


def act(number: int, reset: bool = False) -> dict[str, Any]:
    return {"action": np.int32(number), "reset": np.asarray(reset)}


def facts(step: Any) -> tuple[float, ...]:
    return tuple(float(step[key].item()) for key in ("x", "reward", "is_first", "is_last", "is_terminal"))


def test_no_step_of_a_pool_follows_an_end() -> None:
    pool = Played((1, 0.5, False, False), (2, 0.25, False, True), (3, 1, False, False), (4, 2, True, False))
    env = GymEnv(OneOfPool(pool), "p", 0, Presentation())
    seen = [env.step(action) for action in (act(0, True), act(1), act(2), act(0), act(1), act(1), act(2))]
    assert [facts(step) for step in seen] == [
        (-1, 0, 1, 0, 0),
        (1, 0.5, 0, 0, 0),
        (2, 0.25, 0, 1, 0),  # a limit
        (-4, 0, 1, 0, 0),  # not the reward of 0.25 again
        (3, 1, 0, 0, 0),
        (4, 2, 0, 1, 1),  # an end
        (-7, 0, 1, 0, 0),
    ]
    assert pool.calls == ["reset", 1, 2, "reset", 1, 1, "reset"]


def test_a_reset_in_the_middle_and_a_repeated_action() -> None:
    pool = Played((1, 1, False, False), (2, 1, False, False), (3, 1, False, False), (4, 5, False, True))
    env = GymEnv(OneOfPool(pool), "p", 0, Presentation(repeat=3))
    seen = [env.step(action) for action in (act(0, True), act(1), act(0, True), act(2), act(0))]
    assert [facts(step)[1:] for step in seen] == [
        (0, 1, 0, 0), (3, 0, 0, 0), (0, 1, 0, 0), (5, 0, 1, 0), (0, 1, 0, 0)
    ]  # fmt: skip
    assert pool.calls == ["reset", 1, 1, 1, "reset", 2, "reset"]
    with pytest.raises(RuntimeError, match="without reset"):
        OneOfPool(Played()).step(0)


def test_values_are_copied_from_the_memory_of_the_pool() -> None:
    env = GymEnv(OneOfPool(Played((1, 0, False, False), (2, 0, False, False))), "p", 0, Presentation())
    env.step(act(0, True))
    first = env.step(act(0))
    env.step(act(0))
    assert first["x"] == 1


def test_settings_of_a_pool() -> None:
    config = RunConfig.model_validate({"task": "envpool:X", "env": {"action_repeat": 4, "time_limit": 101}})
    kwargs, shown = pool_settings({"repeat_action_probability": 0.0, "stack_num": 4, "frame_skip": 4}, config)
    assert kwargs == {"stack_num": 1, "frame_skip": 4, "max_episode_steps": 27_000}
    assert (shown.repeat, shown.time_limit) == (1, 26)
    kwargs, shown = pool_settings({"frame_skip": 10, "frame_stack": 1}, config)
    assert kwargs == {} and (shown.repeat, shown.time_limit) == (4, 101)
    more = config.env.model_copy(update={"kwargs": {"stack_num": 2}})
    assert pool_settings({"stack_num": 4}, config.model_copy(update={"env": more}))[0] == {"stack_num": 2}


def run_of(task: str, **env: Any) -> RunConfig:
    pytest.importorskip("envpool")
    return RunConfig.model_validate({"task": task, "env": {"action_repeat": 1, **env}})


def play(env: Any, steps: int, action: Any) -> list[dict[str, Any]]:
    seen = [env.step({**START, **{key: space.zeros(1)[0] for key, space in env.act_space.items()}})]
    seen += [env.step({"action": np.asarray(action), "reset": np.asarray(False)}) for _ in range(steps)]
    env.close()
    return seen


def test_control_tasks_have_their_length_and_no_reward_at_a_reset() -> None:
    config = run_of("envpool:WalkerWalk-v1", action_repeat=2)
    env = make_env(config, 0, 0)
    assert dict(env.obs_space) == {
        "orientations": ArraySpace("float32", (14,)),
        "height": ArraySpace("float32", ()),
        "velocity": ArraySpace("float32", (9,)),
    }
    seen = play(env, 501, np.zeros(6, np.float32))
    ends = [(i, bool(step["is_terminal"])) for i, step in enumerate(seen) if step["is_last"]]
    assert ends == [(500, False)]
    assert seen[501]["is_first"] and seen[501]["reward"] == 0 and seen[500]["reward"] > 0
    again, other = (
        play(make_env(config, 0, 0), 3, np.zeros(6, np.float32)),
        play(make_env(config, 1, 0), 3, np.zeros(6, np.float32)),
    )
    np.testing.assert_array_equal(again[3]["velocity"], seen[3]["velocity"])
    assert np.any(other[3]["velocity"] != seen[3]["velocity"])


def test_the_end_of_cartpole_is_terminal_and_its_limit_is_not() -> None:
    seen = play(make_env(run_of("envpool:CartPole-v1"), 0, 0), 40, 1)
    ends = [step for step in seen if step["is_last"]]
    assert len(ends) >= 3 and all(step["is_terminal"] and step["reward"] == 1 for step in ends)
    cut = play(make_env(run_of("envpool:CartPole-v1", kwargs={"max_episode_steps": 4}), 0, 0), 4, 1)[-1]
    assert cut["is_last"] and not cut["is_terminal"]


def test_an_atari_game_repeats_actions_itself() -> None:
    env = make_env(run_of("envpool:Pong-v5", action_repeat=4, image_size=64), 0, 0)
    assert dict(env.obs_space) == {"image": ArraySpace("uint8", (64, 64, 1))}
    seen = play(env, 30, 0)
    assert np.std(seen[-1]["image"]) > 5 and not any(step["is_last"] for step in seen)


@pytest.mark.parametrize(
    ("task", "settings", "steps"),
    [
        ("envpool:CartPole-v1", {"kwargs": {"max_episode_steps": 15}}, 60),
        ("envpool:WalkerWalk-v1", {"kwargs": {"max_episode_steps": 6}}, 20),
        ("envpool:Pong-v5", {"action_repeat": 4, "image_size": 64, "kwargs": {"max_episode_steps": 9}}, 25),
    ],
)
def test_one_pool_plays_the_episodes_of_separate_ones(task: str, settings: dict[str, Any], steps: int) -> None:
    run = run_of(task, **settings)
    played = {}
    for backend in ("serial", "native"):
        config = run.model_copy(update={"env": run.env.model_copy(update={"backend": backend})})
        envs, random = make_agent_envs(config, 0, (0, 7), 3), np.random.default_rng(0)
        assert len(envs) == 6 and (backend == "serial" or isinstance(envs, PoolEnvs))
        reset, played[backend] = np.ones(6, bool), []
        for _ in range(steps):
            actions = {key: drawn(random, space) for key, space in envs.act_space.items()}
            played[backend].append(envs.step(actions, reset))
            reset = played[backend][-1]["is_last"]
        envs.close()
    ends = sum(int(step["is_last"].sum()) for step in played["native"])
    assert ends >= 6
    for number, (one, other) in enumerate(zip(played["serial"], played["native"], strict=True)):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=f"{key} at {number}")
            assert one[key].dtype == other[key].dtype


def drawn(random: np.random.Generator, space: ArraySpace) -> Any:
    if space.discrete:
        return random.integers(0, space.classes, (6, *space.shape)).astype(np.int32)
    return random.uniform(-1, 1, (6, *space.shape)).astype(np.float32)


class Two(Played):
    """A pool of two that returns its environments in reverse order, and the last reward at a reset."""

    def reset(self) -> Any:
        return {"x": np.array([[1.0], [0.0]])}, {"env_id": np.array([1, 0])}

    def step(self, action: Any) -> Any:
        self.calls.append(action.tolist())
        reward, last = self.steps[self.at]  # type: ignore[misc]
        self.at += 1
        end, cut = np.array([False, last == 1]), np.array([last == 2, False])
        return {"x": np.array([[11.0], [10.0]])}, np.float32([0, reward]), end, cut, {"env_id": np.array([1, 0])}


def test_the_order_and_the_first_rewards_of_one_pool() -> None:
    pool = Two((0.5, 0), (0.25, 1), (0.25, 0), (1.0, 2))  # type: ignore[arg-type]
    envs, act = PoolEnvs(pool, 2, "p", Presentation()), {"action": np.int32([2, 0])}
    seen = [envs.step(act, np.ones(2, bool))]
    for _ in range(4):
        seen.append(envs.step(act, seen[-1]["is_last"]))
    assert [step["x"][:, 0].tolist() for step in seen[:2]] == [[0, 1], [10, 11]] and pool.calls == [[2, 0]] * 4
    assert [step["reward"].tolist() for step in seen] == [[0, 0], [0.5, 0], [0.25, 0], [0, 0], [1, 0]]
    assert [step["is_first"].tolist() for step in seen] == [[1, 1], [0, 0], [0, 0], [1, 0], [0, 0]]
    assert [step["is_last"].tolist() for step in seen] == [[0, 0], [0, 0], [1, 0], [0, 0], [0, 1]]
    assert [step["is_terminal"].tolist() for step in seen] == [[0, 0], [0, 0], [1, 0], [0, 0], [0, 0]]
    with pytest.raises(EnvError, match=r"p: a pool cannot cut an episode; set env.backend to serial or process"):
        envs.step(act, np.ones(2, bool))
    assert envs.state() is None


def test_what_one_pool_cannot_do_runs_in_separate_ones() -> None:
    for env in ({"action_repeat": 2}, {"time_limit": 50}, {"observation": "vision"}):
        run = run_of("envpool:WalkerWalk-v1", **env)
        assert not has_native(run)
        with pytest.raises(EnvError, match=r"env.backend=native repeats actions only of Atari games"):
            make_envs(run.model_copy(update={"env": run.env.model_copy(update={"backend": "native"})}), 0, 0)
    assert has_native(run_of("envpool:Pong-v5", action_repeat=4))


def test_a_pool_can_be_shown() -> None:
    env: Any = make_watched(run_of("envpool:CartPole-v1"), 0)
    env.step({**START, "action": np.int32(0)})
    assert env.frame().shape == (400, 600, 3)
    seen = play(make_env(run_of("envpool:CartPole-v1", observation="vision", image_size=64), 0, 0), 2, 1)
    assert seen[-1]["image"].shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("task", "kwargs", "message"),
    [
        ("envpool:NoSuch-v0", {}, "envpool has no environment NoSuch-v0"),
        ("envpool:Pong-v5", {"frame_skip": 2}, "env.kwargs.frame_skip cannot be set; use env.action_repeat"),
        ("envpool:Pong-v5", {"nosuch": 2}, "envpool cannot make Pong-v5: TypeError"),
    ],
)
def test_what_cannot_be_made_is_refused(task: str, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(EnvError, match=message):
        make_env(run_of(task, kwargs=kwargs), 0, 0)
