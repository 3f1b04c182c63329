"""The dm_control adapter: equal to the reference's, complete, reproducible, and free of OpenGL."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.envs import EnvError, Values, env_seed, make_env
from dreamerguard_agent.envs.dmc.adapter import DMControl
from dreamerguard_agent.envs.dmc.library import find_task, load_suite

from .golden import below, load

pytestmark = pytest.mark.integration

ARRAYS, META = load("env_dmc")
CASES = sorted({"/".join(key.split("/")[:2]) for key in ARRAYS})
KNOWN = load_suite(render=False).ALL_TASKS
ALL = [f"{domain}_{task}" for domain, task in KNOWN]
FLAGS = {"reward": np.float32, "is_first": np.bool_, "is_last": np.bool_, "is_terminal": np.bool_}


def _config(task: str, **env: object) -> RunConfig:
    return RunConfig.model_validate({"task": task, "env": env})


def _walk(env: DMControl, steps: int, seed: int = 0) -> list[Values]:
    actions = np.random.default_rng(seed).uniform(-1, 1, (steps, *env.act_space["action"].shape))
    return [env.step({"action": action, "reset": number == 0}) for number, action in enumerate(actions)]


@pytest.mark.parametrize("case", CASES)
def test_transitions_equal_the_reference(case: str) -> None:
    task, script = case.split("/")
    repeat, length = script.removeprefix("repeat").split("_")
    info, given, wanted = META["tasks"][task], below(ARRAYS, f"{case}/in"), below(ARRAYS, f"{case}/out")
    limit = info["short_time_limit"] if length == "short" else None
    env = DMControl(task, repeat=int(repeat), seed=META["seed"], time_limit=limit)
    got = [env.step({"action": a, "reset": r}) for a, r in zip(given["action"], given["reset"], strict=True)]
    assert got[0].keys() == wanted.keys()
    for key, want in wanted.items():
        have = np.stack([step[key] for step in got])
        assert have.dtype == want.dtype
        np.testing.assert_allclose(have, want, rtol=0, atol=1e-6 * max(1, np.abs(want).max()), err_msg=key)


@pytest.mark.parametrize("task", META["tasks"])
def test_spaces_equal_the_reference(task: str) -> None:
    env, info = DMControl(task), META["tasks"][task]
    hidden = {*FLAGS, "reset"}
    for spaces, wanted in ((env.obs_space, info["obs_space"]), (env.act_space, info["act_space"])):
        have = {key: (space.dtype, list(space.shape), space.low, space.high) for key, space in spaces.items()}
        fields = ("dtype", "shape", "low", "high")
        assert have == {key: tuple(s[f] for f in fields) for key, s in wanted.items() if key not in hidden}


@pytest.mark.parametrize("task", ALL)
def test_every_task_of_the_suite_runs(task: str) -> None:
    env = make_env(_config(f"dmc_{task}"), 0, 0)
    first = env.step({"action": env.act_space["action"].zeros(), "reset": True})
    second = env.step({"action": np.full(env.act_space["action"].shape, 0.5), "reset": False})
    assert first["is_first"] and not second["is_first"]
    assert first["reward"] == 0
    for step in (first, second):
        assert step.keys() == env.obs_space.keys() | FLAGS.keys()
        for key, space in env.obs_space.items():
            assert (step[key].dtype, step[key].shape) == (space.dtype, space.shape)
            assert np.isfinite(step[key]).all()
        assert all(step[key].dtype == dtype and step[key].shape == () for key, dtype in FLAGS.items())
    env.close()


@pytest.mark.parametrize(
    ("task", "domain", "name"),
    [
        ("cup_catch", "ball_in_cup", "catch"),
        ("ball_in_cup_catch", "ball_in_cup", "catch"),
        ("point_mass_easy", "point_mass", "easy"),
        ("finger_turn_easy", "finger", "turn_easy"),
        ("humanoid_CMU_run", "humanoid_CMU", "run"),
        ("humanoid_run_pure_state", "humanoid", "run_pure_state"),
        ("acrobot_swingup_sparse", "acrobot", "swingup_sparse"),
    ],
)
def test_names_with_several_words(task: str, domain: str, name: str) -> None:
    assert find_task(task, KNOWN) == (domain, name)


def test_equal_seeds_give_equal_episodes_and_others_differ() -> None:
    def first_steps(seed: int, index: int) -> list[float]:
        env = make_env(_config("dmc_walker_walk"), index, seed)
        assert isinstance(env, DMControl)
        episodes = [_walk(env, 5) for _ in range(2)]
        return [float(x) for episode in episodes for step in episode for x in (*step["velocity"], step["reward"])]

    base = first_steps(3, 0)
    assert base == first_steps(3, 0)
    assert base != first_steps(4, 0)
    assert base != first_steps(3, 1)
    assert len({env_seed(seed, index) for seed in range(32) for index in range(32)}) == 1024


def test_actions_beyond_the_limits_are_clipped() -> None:
    moved = []
    for size in (1.0, 7.0):
        env = DMControl("cartpole_swingup", seed=1)
        env.step({"action": np.zeros(1), "reset": True})
        moved.append(env.step({"action": np.array([size]), "reset": False})["velocity"])
    assert np.array_equal(*moved)


def test_an_action_without_limits_is_not_stretched() -> None:
    env = DMControl("lqr_lqr_2_1")
    assert np.array_equal(env._control(np.array([0.25])), [0.25])


def test_a_diverged_action_is_named() -> None:
    env = DMControl("cartpole_swingup")
    env.step({"action": np.zeros(1), "reset": True})
    with pytest.raises(EnvError, match="not finite"):
        env.step({"action": np.array([np.nan]), "reset": False})


def test_time_limit_is_no_termination_and_the_next_step_resets() -> None:
    env = DMControl("cartpole_balance", time_limit=0.05)
    steps = _walk(env, 14)
    ends = [number for number, step in enumerate(steps) if step["is_last"]]
    assert len(ends) == 2
    assert not any(step["is_terminal"] for step in steps)
    assert [number for number, step in enumerate(steps) if step["is_first"]] == [0, *[end + 1 for end in ends]]
    assert all(steps[end + 1]["reward"] == 0 for end in ends)


def test_a_task_that_ends_is_terminal() -> None:
    env = DMControl("lqr_lqr_2_1")
    env.step({"action": np.zeros(1), "reset": True})
    with env._env.physics.reset_context():
        env._env.physics.data.qpos[:] = 0
        env._env.physics.data.qvel[:] = 0
    step = env.step({"action": np.zeros(1), "reset": False})
    assert step["is_last"] and step["is_terminal"]


def test_repeat_adds_rewards() -> None:
    once, thrice = DMControl("cartpole_balance", seed=5), DMControl("cartpole_balance", repeat=3, seed=5)
    for env in (once, thrice):
        env.step({"action": np.zeros(1), "reset": True})
    action = {"action": np.array([0.3]), "reset": False}
    singles = [once.step(action) for _ in range(3)]
    total = thrice.step(action)
    assert total["reward"] == sum(step["reward"] for step in singles)
    assert np.array_equal(total["position"], singles[-1]["position"])


def test_repeat_stops_at_the_end_of_an_episode() -> None:
    once, thrice = (
        DMControl("cartpole_balance", time_limit=0.05),
        DMControl("cartpole_balance", repeat=3, time_limit=0.05),
    )
    frames, steps = ([env.step({"action": np.zeros(1), "reset": n == 0}) for n in range(6)] for env in (once, thrice))
    assert [bool(step["is_last"]) for step in frames] == [False] * 5 + [True]
    assert [bool(step["is_last"]) for step in steps[:4]] == [False, False, True, False]
    assert steps[2]["reward"] == frames[4]["reward"] + frames[5]["reward"]
    assert np.array_equal(steps[2]["position"], frames[5]["position"])
    assert steps[3]["is_first"]


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("dmc_walker_wlak", ["dmc_walker_walk", "walker_run"]),
        ("dmc_nothing_here", ["domains: acrobot"]),
        ("bsuite_catch", ["bsuite_catch", "dmc_*", "dreamerguard guard"]),
        ("dcm_walker_walk", ["Did you mean dmc_walker_walk"]),
        ("walker_walk", ["does not run task `walker_walk`"]),
        ("dmc", ["dmc_walker_walk"]),
    ],
)
def test_unknown_tasks_are_answered_with_what_exists(task: str, words: list[str]) -> None:
    with pytest.raises(EnvError) as caught:
        make_env(_config(task), 0, 0)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def _python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if key not in ("MUJOCO_GL", "DISPLAY")}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, env=inherited | environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("setting", [{}, {"MUJOCO_GL": "egl"}, {"MUJOCO_GL": "glfw"}])
def test_vectors_never_touch_opengl_and_import_quietly(setting: dict[str, str]) -> None:
    code = """
import os, sys
from dreamerguard_agent.envs.dmc import adapter as dmc
before = os.environ.get("MUJOCO_GL")
env = dmc.DMControl("cartpole_swingup")
env.step({"action": [0.0], "reset": True})
assert os.environ.get("MUJOCO_GL") == before
print(sorted(name for name in sys.modules if name.split(".")[0] in ("OpenGL", "glfw", "jax")))
"""
    ran = _python(code, **setting)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "[]\n", "")


def test_images_without_opengl_are_refused_with_advice() -> None:
    code = """
from dreamerguard_agent.envs import EnvError
from dreamerguard_agent.envs.dmc import adapter as dmc
dmc.DMControl("cartpole_swingup")
try:
    dmc.DMControl("cartpole_swingup", image_size=64)
except EnvError as error:
    print(error)
"""
    ran = _python(code)
    assert "make environments with images first" in ran.stdout
    assert "env.observation=proprio" in ran.stdout


def test_images_are_the_only_observation_where_they_can_be_rendered() -> None:
    code = """
import sys
from dreamerguard_agent.envs import EnvError, make_env
from dreamerguard.schema import RunConfig
config = {"task": "dmc_cartpole_swingup", "env": {"observation": "vision", "image_size": 48}}
try:
    env = make_env(RunConfig.model_validate(config), 0, 0)
except EnvError as error:
    sys.exit(str(error))
step = env.step({"action": [0.0], "reset": True})
print(list(env.obs_space), step["image"].dtype, step["image"].shape, step["image"].std() > 1, sorted(step)[0])
"""
    ran = _python(code)
    if ran.returncode and "cannot be rendered here" in ran.stderr:
        pytest.skip("this machine has no OpenGL")
    assert ran.stdout == "['image'] uint8 (48, 48, 3) True image\n", ran.stderr


def test_vectors_and_several_cameras_at_once() -> None:
    code = """
import sys
import numpy as np
from dreamerguard_agent.envs import EnvError, make_env, make_envs
from dreamerguard.schema import RunConfig
both = {"observation": "both", "image_size": 48, "cameras": [1, 1, 0]}
config = RunConfig.model_validate({"task": "dmc_walker_walk", "env": both, "run": {"envs": 2}})
try:
    envs = make_envs(config, 0, 0)
except EnvError as error:
    sys.exit(str(error))
alone = make_env(config, 1, 0)
steps = [envs.step({"action": np.zeros((2, 6), np.float32)}, np.ones(2, bool))]
steps.append(alone.step({"action": np.zeros(6), "reset": True}))
print(sorted(envs.obs_space))
print(all((steps[0][key][1] == value).all() for key, value in steps[1].items()))
print((steps[0]["image"] != steps[0]["camera_1"]).any())
envs.close()
try:
    make_env(RunConfig.model_validate({"task": "dmc_walker_walk", "env": both | {"cameras": [7]}}), 0, 0)
except EnvError as error:
    print(error)
"""
    ran = _python(code)
    if ran.returncode and "cannot be rendered here" in ran.stderr:
        pytest.skip("this machine has no OpenGL")
    assert ran.stdout.splitlines() == [
        "['camera_1', 'height', 'image', 'orientations', 'velocity']",
        "True",
        "True",
        "dmc_walker_walk has no camera 7; its cameras are 0 (side), 1 (back). See env.camera and env.cameras",
    ], ran.stderr
