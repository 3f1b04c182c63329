"""The parts of native environments: formulas on states that episodes seldom reach, control steps, and threads."""

from __future__ import annotations

import threading
from typing import Any

import mujoco
import numpy as np
import pytest
from dm_control.utils import rewards

from dreamerguard_agent.envs.dmc.formulas import FORMULAS
from dreamerguard_agent.envs.dmc.formulas.common import tolerance
from dreamerguard_agent.envs.dmc.library import load_task
from dreamerguard_agent.envs.dmc.mujoco_fields import MujocoFields
from dreamerguard_agent.envs.dmc.physics import stepper
from dreamerguard_agent.envs.vector.thread_pool import ThreadPool

pytestmark = pytest.mark.integration

NAMES = {f"{domain}_{name}": (domain, name) for domain, name in FORMULAS}
#: What has to be at the target for the reward, where chance would not bring it there.
REACHING = {"reacher": "finger", "fish": "mouth", "swimmer": "nose", "point_mass": "pointmass"}
STATES = 120


def _scatter(simulation: Any, domain: str, rng: np.random.Generator) -> None:
    """Puts a simulation in a random state, near its rest position, near its target or far from both."""
    model, data = simulation.model.ptr, simulation.data.ptr
    spread = rng.choice([0.01, 0.1, 1.0, 3.0])
    with simulation.suppress_physics_errors(), simulation.reset_context():
        data.qpos[:] = model.qpos0 + rng.normal(0, spread, model.nq)
        data.qvel[:] = rng.normal(0, 5 * spread, model.nv)
    data.ctrl[:] = rng.uniform(-1.5, 1.5, model.nu)
    if domain in REACHING and rng.random() < 0.5:
        part, target = (mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, n) for n in (REACHING[domain], "target"))
        data.geom_xpos[target] = data.geom_xpos[part] + rng.normal(0, 0.02, 3)
    data.sensordata[:] = np.where(
        rng.random(model.nsensordata) < 0.3, rng.exponential(5, model.nsensordata), data.sensordata
    )
    if domain == "finger":
        hinge = simulation.model.name2id("hinge_velocity", "sensor")
        data.sensordata[model.sensor_adr[hinge]] = rng.normal(0, 20)
        tip, target = (model.sensor_adr[simulation.model.name2id(name, "sensor")] for name in ("tip", "target"))
        if rng.random() < 0.5:
            data.sensordata[target : target + 3] = data.sensordata[tip : tip + 3] + rng.normal(0, 0.05, 3)
    if domain == "ball_in_cup" and rng.random() < 0.5:
        data.xpos[simulation.model.name2id("ball", "body")] = data.site_xpos[0] + rng.normal(0, 0.02, 3)


@pytest.mark.parametrize("task", NAMES)
def test_formulas_equal_task_code_in_scattered_states(task: str) -> None:
    key, rng = NAMES[task], np.random.default_rng(5)
    loaded = [load_task(task, seed, None, render=False)[1] for seed in range(2)]
    for env in loaded:
        env.reset()
    read = MujocoFields([env.physics for env in loaded])
    formula = FORMULAS[key](read)
    seen = []
    for _ in range(STATES):
        for env in loaded:
            _scatter(env.physics, key[0], rng)
        read.renew()
        observations, reward = formula.observe(), formula.reward()
        for number, env in enumerate(loaded):
            wanted = env.task.get_observation(env.physics)
            assert list(wanted) == list(observations)
            for name, value in wanted.items():
                np.testing.assert_allclose(observations[name][number], value, rtol=1e-12, atol=1e-12, err_msg=name)
            np.testing.assert_allclose(reward[number], env.task.get_reward(env.physics), rtol=1e-12, atol=1e-12)
            seen.append(round(float(reward[number]), 6))
    assert len(set(seen)) > 1, f"every state was worth {seen[0]}, which tests nothing"


@pytest.mark.parametrize("shape", ["gaussian", "linear", "quadratic", "long_tail"])
def test_tolerance_equals_dm_control(shape: str) -> None:
    x = np.concatenate([np.random.default_rng(0).normal(0, 3, (50, 4)), [[-1.0, 0.0, 1.5, 4.0]]])
    for low, high in ((0, 0), (-1, 1.5), (1, float("inf"))):
        for margin, edge in ((0, 0.1), (0.5, 0.1), (2, 0.5), (2, 0.0)):
            if edge == 0 and shape in ("gaussian", "long_tail"):
                continue  # they never reach 0, and dm_control refuses it
            wanted = rewards.tolerance(x, (low, high), margin=margin, sigmoid=shape, value_at_margin=edge)
            np.testing.assert_array_equal(tolerance(x, low, high, margin=margin, edge=edge, shape=shape), wanted)


@pytest.mark.parametrize("task", ["acrobot_swingup", "finger_spin", "cheetah_run", "walker_walk", "quadruped_walk"])
def test_a_native_control_step_leaves_the_same_data(task: str) -> None:
    """One task each of: Runge-Kutta; two substeps; one; many; sensors that read accelerations. Warm start included."""
    envs = [load_task(task, 3, None, render=False)[1] for _ in range(2)]
    for env in envs:
        env.reset()
    plain, native = (env.physics for env in envs)
    advance = stepper(native, envs[1]._n_sub_steps)
    rng = np.random.default_rng(0)
    for _ in range(20):
        control = rng.uniform(-1, 1, plain.model.nu)
        for simulation in (plain, native):
            simulation.set_control(control)
        plain.step(envs[0]._n_sub_steps)
        advance()
        for name in ("time", "qpos", "qvel", "qacc", "qacc_warmstart", "act", "xpos", "xmat", "sensordata", "ctrl"):
            np.testing.assert_array_equal(getattr(native.data, name), getattr(plain.data, name), err_msg=name)
    assert native.model.opt.disableflags == plain.model.opt.disableflags


def test_a_field_is_read_once_until_renewed_and_always_copied() -> None:
    simulations = [load_task("cartpole_balance", seed, None, render=False)[1].physics for seed in (1, 2)]
    read = MujocoFields(simulations)
    before = read["qpos"]
    simulations[1].data.qpos[0] = 7
    assert read["qpos"] is before and before[1, 0] != 7
    read.renew()
    assert read["qpos"][1, 0] == 7 and before[1, 0] != 7
    with pytest.raises(KeyError, match="no body `wing`"):
        read.index("body", "wing")
    with pytest.raises(AttributeError):
        read["feathers"]


def test_a_crew_does_every_number_once_and_on_several_threads() -> None:
    crew, done, names, meet = ThreadPool(3), [], set(), threading.Barrier(3, timeout=600)

    def work(number: int) -> None:
        done.append(number)
        names.add(threading.get_ident())
        if number < 3:
            meet.wait()  # only three threads at once can pass

    crew.run(work, range(3))
    assert len(names) == 3
    for size in (0, 1, 2, 50):
        done.clear()
        for _ in range(50):
            crew.run(lambda number: done.append(number), range(size))
        assert sorted(done) == sorted(list(range(size)) * 50)
    crew.close()


def test_a_crew_tells_of_errors_and_goes_on() -> None:
    crew, done = ThreadPool(2), []

    def work(number: int) -> None:
        if number == 4:
            raise ValueError("number 4")
        done.append(number)

    with pytest.raises(ValueError, match="number 4"):
        crew.run(work, range(8))
    assert sorted(done) == [0, 1, 2, 3, 5, 6, 7]
    crew.run(done.append, range(8, 10))
    assert sorted(done) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    crew.close()


def test_a_closed_crew_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    crew = ThreadPool(4)
    helpers = set(threading.enumerate()) - before
    assert len(helpers) == 3
    crew.close()
    for helper in helpers:
        helper.join(5)
        assert not helper.is_alive()
