"""A vector environment of one plays like the single environment, in every autoreset mode of Gymnasium."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit

from dreamerguard_agent.envs import EnvError
from dreamerguard_agent.envs.adapters.shared.gym_adapter import GymEnv, Presentation

from .custom_envs.my_envs import Room
from .test_env_gym import play

MODES = list(AutoresetMode)


def cartpole() -> Any:
    return gymnasium.make("CartPole-v1", max_episode_steps=12)


def room() -> Any:
    return TimeLimit(Room(length=5), 6)


def played(env: Any, repeat: int = 1) -> list[dict[str, Any]]:
    return play(GymEnv(env, "e", 3, Presentation(repeat=repeat)), 90)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("make", "repeat"), [(cartpole, 1), (cartpole, 3), (room, 1)])
def test_it_plays_like_the_single_environment(mode: AutoresetMode, make: Any, repeat: int) -> None:
    single = played(make(), repeat)
    vector = played(SyncVectorEnv([make], autoreset_mode=mode, copy=False), repeat)
    assert sum(step["is_last"] for step in single) > 4
    assert {bool(step["is_terminal"]) for step in single if step["is_last"]} == {True, False}
    for number, (one, other) in enumerate(zip(single, vector, strict=True)):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=f"{key} at {number}")


def test_an_environment_in_a_process_and_its_picture() -> None:
    drawn = functools.partial(gymnasium.make, "CartPole-v1", render_mode="rgb_array")
    vector = AsyncVectorEnv([drawn], context="spawn")  # a fork warns in a process that runs JAX
    env = GymEnv(vector, "e", 3, Presentation(rendered=True, image_size=32))
    seen = play(env, 6)
    assert seen[0]["is_first"] and seen[-1]["image"].shape == (32, 32, 3) and np.ptp(seen[-1]["image"]) > 0


def test_several_are_refused() -> None:
    vector = SyncVectorEnv([cartpole, cartpole])
    with pytest.raises(EnvError, match="e is a vector environment of 2; make a single one or num_envs=1"):
        GymEnv(vector, "e", 0, Presentation())
    vector.close()
