"""``lint --probe`` on environments of Gymnasium, Crafter, MiniGrid, ale-py and dm_control, as users return them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dreamerguard.core.environment import Probe
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.environment_probe import probe_process as probing
from dreamerguard.rules.helpers.example_files import COMMAND, TORCH_COMMAND, with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

pytestmark = pytest.mark.integration

ENVIRONMENTS = """
import gymnasium as gym
import numpy as np
from gymnasium import spaces


class Good(gym.Env):
    observation_space, action_space, reward = spaces.Box(-1, 1, (3,)), spaces.Box(-1, 1, (2,)), 1.0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.now = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.now += 1
        return self.observation_space.sample(), self.reward, False, self.now >= 100, {}


class Nan(Good):
    reward = np.nan


class Once(Good):
    value = np.nan

    def step(self, action):
        self.reward = self.value if self.now == 50 else 1.0
        return super().step(action)


class OnceInfinite(Once):
    value = -np.inf


class Varying(Good):
    def step(self, action):
        seen, *rest = super().step(action)
        return seen[: 3 - self.now % 2], *rest


class DictActions(Good):
    action_space = spaces.Dict({"arm": spaces.Box(-np.inf, np.inf, (2,)), "grip": spaces.Discrete(2)})


class Several:
    possible_agents = ["a", "b"]


class NoNumber(Good):
    reward = None


class Mixed(Good):
    observation_space = spaces.Dict({
        "a": spaces.Box(-1, 1, (2,)), "deep": spaces.Dict({"b": spaces.MultiBinary(3), "c": spaces.Discrete(4)}),
        "both": spaces.Tuple((spaces.Discrete(2), spaces.Box(0, 1, (1,)))),
    })
    action_space = spaces.MultiDiscrete([2, 3])


class Pair(Good):
    observation_space = spaces.Tuple((spaces.Box(-1, 1, (3,)), spaces.Discrete(3)))


class Window(Good):
    def render(self):
        raise RuntimeError("no video device")


class OldLimit(Good):
    truncated = True

    def reset(self):
        return super().reset()[0]

    def step(self, action):
        seen, reward, _, done, info = super().step(action)
        return seen, reward, done, info | ({"TimeLimit.truncated": self.truncated} if done else {})


class OldEnd(OldLimit):
    truncated = False


def made(name, **options):
    def make():
        import ale_py, minigrid
        gym.register_envs(ale_py)
        return gym.make(name, **options)
    return make


cartpole, pendulum, minigrid = made("CartPole-v1"), made("Pendulum-v1"), made("MiniGrid-Empty-5x5-v0")
breakout = made("ALE/Breakout-v5", max_num_frames_per_episode=4000)


def crafter():
    import crafter
    return crafter.Env(length=70)


def vector():
    return gym.make_vec("CartPole-v1", num_envs=2)


def vector_of_one():
    return gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="vector_entry_point")


def envpool(kind="gymnasium"):
    import envpool
    return envpool.make("CartPole-v1", env_type=kind, num_envs=3)


def envpool_dm():
    return envpool("dm")
"""
FAILS = "error failed-probe: the environment fails:"
SHEEPRL = "python sheeprl.py exp=dreamer_v3 env=gym env.id=CartPole-v1"


def probed(maker: str | None, folder: Path, command: str = SHEEPRL, program: str | None = "sheeprl") -> Result:
    (folder / "makers.py").write_text(ENVIRONMENTS, encoding="utf-8")
    read = read_command(command.replace("python", sys.executable, 1).split())
    factory = f"makers:{maker}" if maker is not None else None
    return check_command(read, folder=folder, prober=probing.prober(read, folder, factory), dialect=program)


def facts(result: Result) -> Probe:
    assert result.run.probe is not None and result.run.probe.error == ""
    return result.run.probe


def findings(result: Result) -> list[str]:
    return [f"{item.severity} {item.name}: {item.message}" for item in result.active if item.code.startswith("DG8")]


def write(files: dict[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("maker", "message"),
    [
        ("Nan", "200 of 200 rewards are not finite"),
        ("Once", "2 of 200 rewards are not finite"),
        ("OnceInfinite", "2 of 200 rewards are not finite"),
    ],
)
def test_rewards_that_are_not_finite_are_an_error(maker: str, message: str, tmp_path: Path) -> None:
    assert findings(probed(maker, tmp_path)) == [f"error observation-contract: {message}"]


def test_a_reward_that_is_no_number_is_named(tmp_path: Path) -> None:
    message = "the environment fails: the reward is None, not a number"
    assert findings(probed("NoNumber", tmp_path)) == [f"error failed-probe: {message}"]


@pytest.mark.parametrize("maker", ["Good", "Mixed", "Pair", "cartpole", "pendulum", "breakout", "OldLimit"])
def test_sound_environments_have_no_finding(maker: str, tmp_path: Path) -> None:
    assert findings(probed(maker, tmp_path)) == []


@pytest.mark.parametrize(
    ("maker", "message"),
    [
        ("Varying", "error observation-contract: observation observation changes its shape during an episode"),
        ("DictActions", "warning action-bounds: arm has no finite bounds, but the policy acts between -1 and 1"),
        ("Several", f"{FAILS} this is an environment of 2 agents; return one with a single agent"),
    ],
)
def test_other_mistakes_have_one_message(maker: str, message: str, tmp_path: Path) -> None:
    assert findings(probed(maker, tmp_path)) == [message]


def test_nested_observations_have_names_of_all_levels(tmp_path: Path) -> None:
    found = facts(probed("Mixed", tmp_path))
    assert set(found.observations) == set(found.spaces) == {"a", "deep/b", "deep/c", "both/0", "both/1"}
    assert (found.spaces["deep/b"].classes, found.spaces["deep/c"].classes) == (None, 4)


def test_crafter_is_played_without_gym_and_its_limit_is_no_end(tmp_path: Path) -> None:
    result = probed("crafter", tmp_path)
    found = facts(result)
    assert [(item.length, item.last, item.terminal) for item in found.episodes] == [(70, True, False)] * 2
    assert (found.actions["action"].classes, found.observations["observation"].shape) == (17, (64, 64, 3))
    assert "error" not in "".join(findings(result))


def test_a_limit_of_old_gym_is_no_end_and_an_end_is_one(tmp_path: Path) -> None:
    assert [item.terminal for item in facts(probed("OldLimit", tmp_path)).episodes] == [False, False]
    result = probed("OldEnd", tmp_path)
    assert [item.terminal for item in facts(result).episodes] == [True] * 3  # a third one, as the first two are alike
    assert [text.partition(":")[0] for text in findings(result)] == ["error timeout-as-terminal"]


def test_text_among_the_observations_is_named(tmp_path: Path) -> None:
    text, *others = found = findings(probed("minigrid", tmp_path))
    assert text == "info observation-contract: observation mission is text, which no encoder reads"
    assert others in ([], ["info reward-scale: two random episodes gave no reward"])
    assert findings(probed("minigrid", tmp_path)) == found  # seeded


@pytest.mark.parametrize(("maker", "count"), [("vector", 2), ("vector_of_one", 1), ("envpool", 3), ("envpool_dm", 3)])
def test_a_vector_environment_is_named(maker: str, count: int, tmp_path: Path) -> None:
    if maker.startswith("envpool"):
        pytest.importorskip("envpool")
    message = f"the environment fails: this is a vector environment of {count}; return a single one"
    assert findings(probed(maker, tmp_path)) == [f"error failed-probe: {message}"]


def test_a_class_of_a_library_can_be_named(tmp_path: Path) -> None:
    read = read_command(SHEEPRL.replace("python", sys.executable, 1).split())
    prober = probing.prober(read, tmp_path, "crafter:Env")
    found = facts(check_command(read, folder=tmp_path, prober=prober, dialect="sheeprl"))
    assert found.actions["action"].classes == 17  # its first parameter, an area, is not the task


@pytest.mark.parametrize("maker", ["Good", "minigrid", "breakout", "cartpole"])
def test_danijar_adds_the_flags_to_gym_environments_itself(maker: str, tmp_path: Path) -> None:
    write(with_preset("seed: 1"), tmp_path)
    assert "error" not in "".join(findings(probed(maker, tmp_path, COMMAND, None)))


def test_dreamerv3_torch_reads_the_flags_from_the_environment(tmp_path: Path) -> None:
    write(with_torch_preset("seed: 1"), tmp_path)
    texts = findings(probed("Good", tmp_path, TORCH_COMMAND, None))
    message = "the observations lack is_first, is_terminal, image, which the program reads"
    assert f"error observation-contract: {message}" in texts


def test_rendering_matters_only_where_images_are_inputs(tmp_path: Path) -> None:
    assert findings(probed("Window", tmp_path)) == []
    write({name: text.replace("mine:", "dmc_vision:") for name, text in with_preset("seed: 1").items()}, tmp_path)
    result = probed("Window", tmp_path, COMMAND.replace("mine", "dmc_vision"), None)
    (finding,) = [item for item in result.active if item.code.startswith("DG8")]
    assert finding.message == "the environment cannot render a frame: RuntimeError: no video device"
    assert finding.help == ""  # MuJoCo has no part in it


@pytest.mark.parametrize(("backend", "others"), [("osmesa", "egl"), ("egl", "osmesa"), ("glfw", "egl")])
def test_the_advice_does_not_name_the_backend_that_failed(backend: str, others: str) -> None:
    from dreamerguard.rules.helpers.rendering import rendering_advice

    advice = rendering_advice(Probe(mujoco=True, renderer=backend), "FatalError: no OpenGL context")
    assert advice.startswith(f"MUJOCO_GL is {backend}; set it to {others} (")
    assert f" {backend} (" not in advice
    assert rendering_advice(Probe(renderer=backend), "FatalError: no OpenGL context") == ""


@pytest.mark.parametrize(("backend", "task"), [("osmesa", "walker_walk"), ("disable", "quadruped_escape")])
def test_the_bundled_trainer_makes_its_environments_without_opengl(
    backend: str, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", backend)
    result = probed(None, tmp_path, f"dreamerguard train dmc_{task}", None)
    assert [item.length for item in facts(result).episodes] == [500, 500]
    assert findings(result) == []


def test_images_that_the_bundled_trainer_cannot_render_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "disable")
    (text,) = findings(probed(None, tmp_path, "dreamerguard train dmc_walker_walk env.observation=vision", None))
    assert text.startswith("error failed-probe: the environment fails: images cannot be rendered here")


def test_controls_without_limits_get_actions_as_the_program_sends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "STEPS", 500)
    task = "dmc_lqr_lqr_2_1"
    native = findings(probed(None, tmp_path, f"dreamerguard train {task}", None))
    assert not [text for text in native if "reward-scale" in text or "action-bounds" in text]
    write(with_preset("seed: 1"), tmp_path)
    danijar = findings(probed(None, tmp_path, f"{COMMAND} --task {task}", None))
    assert "warning action-bounds: action has no finite bounds, but the policy acts between -1 and 1" in danijar
    assert not [text for text in danijar if "reward-scale" in text]
