"""Native environments against dm_control's own: every task of the suite, step by step, and what they refuse."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.driver import Driver
from dreamerguard_agent.envs import EnvError, SerialEnvs, Values, VectorEnv, make_envs
from dreamerguard_agent.envs.dmc.adapter import DMControl
from dreamerguard_agent.envs.dmc.formulas import FORMULAS
from dreamerguard_agent.envs.dmc.native import NativeEnvs, _check_hooks, native_tasks

pytestmark = pytest.mark.integration

TASKS = native_tasks()
#: Frames of an episode in the tests, odd so that an action that is repeated meets the limit half way.
FRAMES = 21


@functools.cache
def _time_limit(task: str) -> float | None:
    """Seconds of `FRAMES` frames; none for the tasks without a limit."""
    env = DMControl(task)
    timestep = env._env.control_timestep()
    env.close()
    return None if task.startswith("lqr") else FRAMES * timestep


def _both(task: str, seeds: list[int], **settings: object) -> tuple[VectorEnv, VectorEnv]:
    limit = _time_limit(task)
    kwargs = {} if limit is None else {"time_limit": limit}
    separate = SerialEnvs([DMControl(task, seed=seed, **settings, **kwargs) for seed in seeds])
    return separate, NativeEnvs(task, seeds, threads=2, **settings, **kwargs)


def _script(env: VectorEnv, steps: int) -> list[tuple[Values, np.ndarray]]:
    """Actions, some beyond the limits, with one reset in the middle of an episode of environment 1."""
    rng = np.random.default_rng(1)
    shape = (len(env), *env.act_space["action"].shape)
    script = [
        ({"action": rng.uniform(-1.2, 1.2, shape).astype(np.float32)}, np.zeros(len(env), bool)) for _ in range(steps)
    ]
    script[0][1][:] = True
    if steps > 5:
        script[5][1][1] = True
    return script


def _assert_equal(env: VectorEnv, other: VectorEnv, steps: int) -> list[Values]:
    """Both give the same keys, types, shapes and bits at every step; returns the steps."""
    assert dict(env.obs_space) == dict(other.obs_space) and dict(env.act_space) == dict(other.act_space)
    played = []
    for number, (actions, reset) in enumerate(_script(env, steps)):
        wanted, got = env.step(actions, reset), other.step(actions, reset)
        assert list(wanted) == list(got)
        for key, value in wanted.items():
            assert (value.dtype, value.shape) == (got[key].dtype, got[key].shape), key
            np.testing.assert_array_equal(got[key], value, err_msg=f"{key}, step {number}")
        played.append(wanted)
    return played


@pytest.mark.parametrize("task", TASKS)
def test_every_step_equals_dm_control(task: str) -> None:
    separate, native = _both(task, [11, 12])
    for repeat in (1, 2):  # in the same simulations, because loading them takes longer than stepping
        native._repeat = repeat
        for env in separate._envs:
            env._repeat = repeat
        steps = 3 * (FRAMES // repeat + 2)
        ends = np.array([step["is_last"] for step in _assert_equal(separate, native, steps)])
        if not task.startswith("lqr"):
            assert (ends.sum(axis=0) >= 2).all(), "the test must see episodes end"
    native.close()


@pytest.mark.parametrize("task", ["walker_run", "hopper_hop", "humanoid_stand", "finger_turn_easy"])
def test_long_episodes_stay_equal(task: str) -> None:
    native = NativeEnvs(task, [3, 4, 5], threads=3)
    _assert_equal(SerialEnvs([DMControl(task, seed=seed) for seed in (3, 4, 5)]), native, 250)
    native.close()


def test_results_do_not_depend_on_threads() -> None:
    one, three = NativeEnvs("cheetah_run", list(range(7))), NativeEnvs("cheetah_run", list(range(7)), threads=3)
    _assert_equal(one, three, 40)
    three.close()


def test_an_end_that_is_no_time_limit_is_terminal() -> None:
    separate, native = _both("lqr_lqr_2_1", [1, 2])
    still = {"action": np.zeros((2, 1), np.float32)}
    for env in (separate, native):
        env.step(still, np.ones(2, bool))
    simulations = (separate._envs[1]._env.physics, native._simulations[1])
    for simulation in simulations:
        with simulation.reset_context():
            simulation.data.qpos[:] = 0
            simulation.data.qvel[:] = 0
    for wanted in ([False, True], [False, False]):
        steps = [env.step(still, np.zeros(2, bool)) for env in (separate, native)]
        for step in steps:
            assert step["is_last"].tolist() == step["is_terminal"].tolist() == wanted
    assert steps[1]["is_first"].tolist() == [False, True]


def test_returned_arrays_are_never_written_again() -> None:
    native = NativeEnvs("walker_walk", [1, 2])
    script = _script(native, 4)
    steps = [native.step(*entry) for entry in script[:2]]
    kept = [{key: value.copy() for key, value in step.items()} for step in steps]
    for entry in script[2:]:
        native.step(*entry)
    for step, copy in zip(steps, kept, strict=True):
        assert all(np.array_equal(step[key], copy[key]) for key in copy)


def test_an_unstable_simulation_is_named_where_dm_control_raises() -> None:
    native, separate = NativeEnvs("cartpole_swingup", [1, 2]), DMControl("cartpole_swingup", seed=1)
    native.step({"action": np.zeros((2, 1), np.float32)}, np.ones(2, bool))
    separate.step({"action": np.zeros(1), "reset": True})
    for simulation in (native._simulations[1], separate._env.physics):
        simulation.data.qvel[:] = 1e12
    with pytest.raises(EnvError, match="dmc_cartpole_swingup became unstable: MuJoCo warns mjWARN_"):
        for _ in range(2):
            native.step({"action": np.zeros((2, 1), np.float32)}, np.zeros(2, bool))
    with pytest.raises(EnvError, match=r"dmc_cartpole_swingup became unstable: Physics state is invalid.*mjWARN_"):
        for _ in range(2):
            separate.step({"action": np.zeros(1), "reset": False})


def test_a_diverged_action_is_named_unless_the_episode_is_over() -> None:
    native = NativeEnvs("cartpole_swingup", [1, 2])
    wrong = {"action": np.array([[0.5], [np.nan]], np.float32)}
    native.step(wrong, np.ones(2, bool))
    native.step(wrong, np.array([False, True]))
    with pytest.raises(EnvError, match=r"not finite: \[nan\]"):
        native.step(wrong, np.zeros(2, bool))


def test_every_task_is_native_and_formulas_belong_to_tasks() -> None:
    named = {f"{domain}_{name}" for domain, name in FORMULAS}
    assert named == {task for task, how in TASKS.items() if how == "arrays"}
    assert {task for task, how in TASKS.items() if how == "task code"} == TASKS.keys() - named
    assert len(TASKS) > 50


def test_a_task_with_steps_of_its_own_is_refused() -> None:
    from dm_control.suite import base

    class Odd(base.Task):
        def after_step(self, physics: object) -> None:
            """Does something that the native loop would leave out."""

        def get_observation(self, physics: object) -> None:
            """Not asked for."""

        def get_reward(self, physics: object) -> None:
            """Not asked for."""

    with pytest.raises(EnvError, match=r"dmc_odd changes `after_step`.*env\.backend=serial"):
        _check_hooks("odd", Odd())


def _config(backend: str, **env: object) -> RunConfig:
    settings = {"backend": backend, "action_repeat": 1, **env}
    return RunConfig.model_validate({"task": "dmc_cartpole_balance", "env": settings, "run": {"envs": 3}})


def test_a_configuration_gives_the_same_episodes_with_every_backend_of_one_process() -> None:
    for first, seed in ((0, 0), (20_000, 5)):
        _assert_equal(make_envs(_config("serial"), first, seed), make_envs(_config("auto"), first, seed), 15)
    assert isinstance(make_envs(_config("auto"), 0, 0, 2), NativeEnvs)
    assert isinstance(make_envs(_config("serial"), 0, 0, 2), SerialEnvs)
    assert len(make_envs(_config("native"), 0, 0)) == 3
    assert len(make_envs(_config("native"), 0, 0, 2)) == 2


def test_other_seeds_and_numbers_give_other_episodes() -> None:
    def velocity(first: int, seed: int) -> np.ndarray:
        env = make_envs(_config("native"), first, seed)
        return env.step({"action": np.zeros((3, 1), np.float32)}, np.ones(3, bool))["velocity"]

    base = velocity(0, 0)
    assert np.array_equal(base, velocity(0, 0))
    assert np.array_equal(base[1:], velocity(1, 0)[:2])
    assert not np.array_equal(base, velocity(0, 1))


def test_images_are_refused_with_advice() -> None:
    with pytest.raises(EnvError, match=r"backend=native cannot render images; set env\.backend to auto"):
        make_envs(_config("native", observation="vision"), 0, 0)


def test_a_driver_keeps_the_score_of_native_episodes() -> None:
    separate, native = (Driver(envs) for envs in _both("cartpole_swingup", [1, 2]))
    actions = {"action": np.full((2, 1), 0.4, np.float32)}
    episodes = [[episode for _ in range(50) for episode in driver.step(actions)] for driver in (separate, native)]
    assert episodes[0] == episodes[1]
    assert [episode.length for episode in episodes[1]] == [FRAMES] * 4
    native.close()
