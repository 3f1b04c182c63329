"""Environments continue exactly from their stored state, on tasks that change model, task or random state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from dreamerguard_agent.envs import SerialEnvs, VectorEnv
from dreamerguard_agent.envs.dmc.adapter import DMControl
from dreamerguard_agent.envs.dmc.native import NativeEnvs, native_tasks
from dreamerguard_agent.envs.vector.joined import JoinedEnvs

#: Tasks with contacts, Runge-Kutta steps, targets in the model, random gains, a random model, and a terrain.
FEW = ("walker_walk", "acrobot_swingup", "reacher_hard", "point_mass_hard", "lqr_lqr_2_1", "manipulator_bring_ball")
STEPS, STORED = 40, 20


def native(task: str) -> VectorEnv:
    return NativeEnvs(task, [1, 2], repeat=2, threads=1)


def serial(task: str) -> VectorEnv:
    return SerialEnvs([DMControl(task, repeat=2, seed=seed) for seed in (1, 2)])


def joined(task: str) -> VectorEnv:
    return JoinedEnvs([NativeEnvs(task, [1], repeat=2), NativeEnvs(task, [2], repeat=2)])


def assert_continues(make: Callable[[], VectorEnv]) -> None:
    """Steps environments, and copies of them that start from a state in the middle of an episode."""
    draw, first, second = np.random.default_rng(0), make(), make()
    for number in range(STEPS):
        actions = {"action": draw.uniform(-1, 1, (2, *first.act_space["action"].shape)).astype(np.float32)}
        reset = np.array([number == 0, number in (0, STORED - 3, STEPS - 6)])
        if number == STORED:
            state = first.state()
            assert state is not None
            second.step(actions, np.ones(2, bool))
            second.load({name: value.copy() for name, value in state.items()})
        wanted = first.step(actions, reset)
        if number >= STORED:
            got = second.step(actions, reset)
            for key, value in wanted.items():
                np.testing.assert_array_equal(got[key], value, err_msg=f"{key} at step {number}")
    first.close()
    second.close()


@pytest.mark.parametrize("make", [native, serial, joined])
@pytest.mark.parametrize("task", FEW)
def test_episodes_continue_exactly(task: str, make: Callable[[str], VectorEnv]) -> None:
    assert_continues(lambda: make(task))


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(native_tasks()))
def test_episodes_of_every_task_continue_exactly(task: str) -> None:
    assert_continues(lambda: native(task))
    assert_continues(lambda: serial(task))


def test_a_state_of_another_task_is_refused() -> None:
    walker, cartpole = native("walker_walk"), native("cartpole_balance")
    walker.step({"action": np.zeros((2, 6), np.float32)}, np.ones(2, bool))
    state = walker.state()
    assert state is not None
    with pytest.raises(ValueError, match="a stored simulation has"):
        cartpole.load(state)


def test_an_environment_without_a_state_makes_the_vector_unstorable() -> None:
    class Plain:
        obs_space: ClassVar[dict[str, Any]] = {}
        act_space: ClassVar[dict[str, Any]] = {}

    assert SerialEnvs([Plain()]).state() is None  # type: ignore[list-item]
