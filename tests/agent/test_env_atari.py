"""Atari: the protocols of the reference, against frames that the test computes with ALE itself."""

from __future__ import annotations

from typing import Any

import ale_py
import ale_py.roms
import numpy as np
import pytest
from PIL import Image

from dreamerguard.schema import AtariSection, RunConfig
from dreamerguard.schema.tasks import task_names
from dreamerguard_agent.envs import EnvError, Values, make_env, make_envs
from dreamerguard_agent.envs.adapters.atari import STICKY, Atari

from .played_envs import drawn, resolved, walk

pytestmark = pytest.mark.integration

ATARI = AtariSection()
ATARI100K = AtariSection(sticky=False, gray=False, actions="needed")
PLAIN = AtariSection(sticky=False, gray=False, actions="needed", noops=0)


def loaded(game: str, sticky: float = 0.0, seed: int = 0) -> ale_py.ALEInterface:
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", seed)
    ale.setFloat("repeat_action_probability", sticky)
    ale.loadROM(ale_py.roms.get_rom_path(game))
    ale.reset_game()
    return ale


def shown(frames: list[np.ndarray[Any, Any]], size: int, gray: bool) -> np.ndarray[Any, Any]:
    """The observation of two frames: their maximum, made smaller, then gray."""
    image = Image.fromarray(np.maximum(frames[0], frames[1])).resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(image).astype(float)
    if not gray:
        return pixels.astype(np.uint8)
    blue = 1 - (0.299 + 0.587)  # not 0.114: the sum is rounded down
    return (0.299 * pixels[..., :1] + 0.587 * pixels[..., 1:2] + blue * pixels[..., 2:]).astype(np.uint8)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)


class Spied:
    """An emulator that notes the actions that it gets."""

    def __init__(self, ale: ale_py.ALEInterface) -> None:
        self._ale, self.acts = ale, list[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ale, name)

    def act(self, action: ale_py.Action) -> float:
        self.acts.append(action.value)
        return float(self._ale.act(action))


def spied(env: Atari) -> Spied:
    spy = Spied(env._ale)
    env._ale = spy
    return spy


@pytest.mark.parametrize(
    ("task", "size", "gray", "actions", "sticky"),
    [("atari_pong", 96, True, 18, True), ("atari100k_pong", 64, False, 6, False)],
)
@pytest.mark.parametrize("edition", ["paper-2025", "head"])
def test_settings_of_both_protocols(task: str, size: int, gray: bool, actions: int, sticky: bool, edition: str) -> None:
    config = resolved(task, f"edition={edition}")
    env, rules = make_env(config, 0, 0), config.env.atari
    assert (config.env.action_repeat, config.env.image_size, rules.sticky) == (4, size, sticky)
    assert (rules.lives, rules.noops, rules.length, rules.autostart) == ("unused", 30, 27_000 * 4, False)
    assert (env.obs_space["image"].shape, env.act_space["action"].classes) == ((size, size, 1 if gray else 3), actions)


def test_settings_of_the_first_release() -> None:
    rules = resolved("atari_pong", "edition=paper-2023").env
    assert (rules.image_size, rules.atari.gray, rules.atari.noops, rules.atari.sticky) == (64, False, 0, True)
    rules = resolved("atari100k_pong", "edition=paper-2023").env
    assert (rules.image_size, rules.atari.gray, rules.atari.noops, rules.atari.sticky) == (64, False, 30, False)


@pytest.mark.parametrize("game", ["breakout", "ms_pacman"])
@pytest.mark.parametrize(("rules", "size"), [(ATARI100K, 64), (ATARI.model_copy(update={"sticky": False}), 96)])
def test_observations_equal_frames_computed_by_hand(game: str, rules: AtariSection, size: int) -> None:
    env = Atari(game, rules, size=size, seed=3)
    steps = walk(env, actions := drawn(env, 60))
    draws = np.random.default_rng(3)
    ale = loaded(game, seed=int(draws.integers(0, 2**31)))
    for _ in range(int(draws.integers(31))):
        ale.act(0)
    known = ale.getLegalActionSet() if rules.actions == "all" else ale.getMinimalActionSet()
    assert np.array_equal(steps[0]["image"], shown([ale.getScreenRGB()] * 2, size, rules.gray))
    for step, action in zip(steps[1:], actions[1:], strict=True):
        reward, frames = 0.0, []
        for _ in range(4):
            reward += ale.act(known[action])
            frames.append(ale.getScreenRGB())
        assert np.array_equal(step["image"], shown(frames[2:], size, rules.gray))
        assert step["reward"] == np.float32(reward)
        assert not step["is_first"] and not step["is_last"] and not step["is_terminal"]


def test_pooling_shows_what_a_game_draws_in_every_other_frame() -> None:
    env, alone = Atari("asteroids", PLAIN, seed=0), loaded("asteroids")
    differs = 0
    for step in walk(env, [0] * 20)[1:]:
        for _ in range(4):
            alone.act(0)
        differs += not np.array_equal(step["image"], shown([alone.getScreenRGB()] * 2, 96, gray=False))
    assert differs > 10


@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_pooling_reaches_back_to_older_frames_of_short_repeats(repeat: int) -> None:
    env, ale = Atari("asteroids", PLAIN, repeat=repeat, seed=0), loaded("asteroids")
    frames = [ale.getScreenRGB()] * 2
    for step in walk(env, [0] * 12)[1:]:
        for _ in range(repeat):
            ale.act(0)
            frames = [frames[-1], ale.getScreenRGB()]
        assert np.array_equal(step["image"], shown(frames, 96, gray=False))


def test_sticky_actions_repeat_the_last_one_with_the_probability_of_the_protocol() -> None:
    env = Atari("pong", ATARI, size=48, seed=0)
    spy = spied(env)
    env.step({"action": 0, "reset": True})
    first, noops = 0, len(spy.acts)
    for number in range(700):
        env.step({"action": 2 + number % 2, "reset": False})
        first += spy.acts[-4] != 2 + number % 2
        assert sorted(spy.acts[-4:], key=lambda act: act == 2 + number % 2) == spy.acts[-4:]  # the old action, then new
    assert STICKY == 0.25 and first / 700 == pytest.approx(0.25, abs=0.05)
    assert len(spy.acts) == noops + 4 * 700


def test_without_sticky_actions_every_frame_executes_the_chosen_one() -> None:
    env = Atari("pong", ATARI100K, size=48, seed=0)
    spy = spied(env)
    walk(env, actions := drawn(env, 50))
    chosen = [env._actions[action].value for action in actions[1:] for _ in range(4)]
    assert spy.acts[-len(chosen) :] == chosen


def test_ale_takes_the_probability_only_while_it_loads_a_game() -> None:
    def ram(before: float, after: float, seed: int) -> bytes:
        ale = loaded("pong", before, seed)
        ale.setFloat("repeat_action_probability", after)
        for act in np.random.default_rng(0).integers(2, 6, 200):
            ale.act(int(act))
        return bytes(ale.getRAM().tobytes())

    assert len({ram(0.25, 0.0, seed) for seed in range(4)}) > 1  # the reference's order: actions stick
    assert len({ram(0.0, 0.25, seed) for seed in range(4)}) == 1


def test_noop_starts_are_uniform_and_follow_from_the_seed() -> None:
    def noops(seed: int, episodes: int, rules: AtariSection = ATARI) -> list[int]:
        env = Atari("pong", rules, size=48, seed=seed)
        spy, counts = spied(env), []
        for _ in range(episodes):
            spy.acts.clear()
            env.step({"action": 3, "reset": True})
            assert set(spy.acts) <= {0}
            counts.append(len(spy.acts))
        return counts

    counts = noops(1, 250)
    assert min(counts) == 0 and max(counts) == 30 and 13 < np.mean(counts) < 17
    assert noops(1, 20) == counts[:20] != noops(2, 20)
    assert noops(1, 5, ATARI.model_copy(update={"noops": 0})) == [0] * 5


def until(env: Atari, key: str) -> Values:
    """Plays Breakout without moving until a flag is set."""
    env.step({"action": 0, "reset": True})
    for _ in range(400):
        step = env.step({"action": 1, "reset": False})  # FIRE serves the next ball
        if step[key]:
            return step
    raise AssertionError(f"no {key} in 400 steps")


def test_a_lost_life_changes_nothing_and_the_end_of_the_game_is_terminal() -> None:
    env = Atari("breakout", PLAIN, size=48, seed=0)
    step = until(env, "is_terminal")
    assert step["is_last"] and env._ale.lives() == 0 and env._ale.game_over()
    again = env.step({"action": 3, "reset": False})
    assert again["is_first"] and not again["is_last"] and again["reward"] == 0 and env._ale.lives() == 5


def test_a_lost_life_can_be_terminal_within_the_episode() -> None:
    env = Atari("breakout", PLAIN.model_copy(update={"lives": "discount"}), size=48, seed=0)
    step = until(env, "is_terminal")
    assert not step["is_last"] and env._ale.lives() == 4
    assert not env.step({"action": 0, "reset": False})["is_first"]


def test_a_lost_life_can_end_the_episode_and_the_next_one_is_a_new_game() -> None:
    env = Atari("breakout", PLAIN.model_copy(update={"lives": "reset"}), size=48, seed=0)
    step = until(env, "is_last")
    assert step["is_terminal"] and env._ale.lives() == 4
    assert env.step({"action": 0, "reset": False})["is_first"] and env._ale.lives() == 5


def test_the_limit_counts_frames_after_the_noops_and_is_not_terminal() -> None:
    env = Atari("pong", ATARI.model_copy(update={"length": 10}), size=48, seed=1)
    spy = spied(env)
    env.step({"action": 0, "reset": True})
    spy.acts.clear()
    steps = [env.step({"action": 0, "reset": False}) for _ in range(3)]
    assert [bool(step["is_last"]) for step in steps] == [False, False, True]
    assert not any(step["is_terminal"] for step in steps) and len(spy.acts) == 10


def test_a_time_limit_of_the_run_cuts_episodes_too() -> None:
    env = make_env(resolved("atari100k_pong", "env.time_limit=8"), 0, 0)
    assert [bool(step["is_last"]) for step in walk(env, [0] * 4)] == [False, False, True, False]


def test_autostart_presses_fire_and_up_after_the_noops() -> None:
    env = Atari("breakout", PLAIN.model_copy(update={"autostart": True}), size=48)
    spy = spied(env)
    env.step({"action": 0, "reset": True})
    assert spy.acts == [1, 2]


def test_seeds_reproduce_episodes() -> None:
    def play(seed: int) -> bytes:
        env = Atari("pong", ATARI, size=48, seed=seed)
        return b"".join(step["image"].tobytes() for step in walk(env, drawn(env, 40)))

    assert play(5) == play(5) != play(6)


@pytest.mark.parametrize("rules", [ATARI, ATARI100K.model_copy(update={"length": 60})])
def test_a_stored_game_continues_exactly(rules: AtariSection) -> None:
    for cut in (0, 1, 33):
        env, other = (Atari("breakout", rules, size=48, seed=seed) for seed in (4, 9))
        actions = drawn(env, 70)
        walk(env, actions[:cut])
        state = {key: value.copy() for key, value in env.state().items()}
        other.load(state)
        for action in actions[cut:]:
            one, two = (made.step({"action": action, "reset": False}) for made in (env, other))
            assert one.keys() == two.keys() and all(np.array_equal(one[key], two[key]) for key in one)


def test_a_game_of_another_version_is_not_restored() -> None:
    env = Atari("pong", ATARI, size=48)
    state = env.state()
    with pytest.raises(ValueError, match=r"ale-py 0\.1 stored the games"):
        env.load(state | {"ale": np.frombuffer(b"0.1", np.uint8)})
    with pytest.raises(ValueError, match="cannot read the stored game"):
        env.load(state | {"system": state["system"][:100]})


def test_every_game_of_ale_is_a_task() -> None:
    names = {task.partition("_")[2] for suite in ("atari", "atari100k") for task in task_names(suite)}
    assert names == set(ale_py.roms.get_all_rom_ids())
    assert resolved("atari_james_bond").task == "atari_james_bond"
    make_env(resolved("atari_james_bond"), 0, 0)


@pytest.mark.parametrize(
    ("task", "env", "message"),
    [
        ("atari_ponk", {}, "ALE has no game `ponk`. Did you mean pong"),
        ("atari_Pong", {}, "Did you mean pong"),
        ("atari_qqqqq", {}, "ALE has adventure, air_raid, "),
        (
            "atari100k_pong",
            {"observation": "proprio"},
            "atari100k_pong has only images; remove env.observation=proprio",
        ),
        ("atari_pong", {"kwargs": {"mode": 1}}, "env.kwargs has no effect on atari_\\*"),
        ("atari_pong", {"backend": "native"}, "env.backend=native cannot run atari_\\*"),
    ],
)
def test_errors(task: str, env: dict[str, Any], message: str) -> None:
    config = RunConfig.model_validate({"task": task, "env": {"observation": "vision", **env}})
    with pytest.raises(EnvError, match=message.replace("?", "\\?")):
        make_envs(config, 0, 0, 1)


def test_actions_that_do_not_exist_are_refused() -> None:
    env = Atari("pong", ATARI100K, size=48)
    env.step({"action": 0, "reset": True})
    with pytest.raises(EnvError, match="action 6 does not exist: the game has actions 0 to 5"):
        env.step({"action": 6, "reset": False})
