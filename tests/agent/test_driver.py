"""The driver against the reference's transitions of scripted environments, and its episode scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from dreamerguard_agent.base.spaces import ArraySpace, mask_last
from dreamerguard_agent.driver import Driver
from dreamerguard_agent.envs import ActionNotFinite, EnvError, Values, flags

from .golden import below, load

ARRAYS, META = load("replay")
ENVS = sorted({int(key.split("/")[1]) for key in ARRAYS if key.startswith("driver/")})
STORED = [below(ARRAYS, f"driver/{env}/stored") for env in ENVS]
SENT = [below(ARRAYS, f"driver/{env}/sent") for env in ENVS]
ACTIONS = sorted({key for sent in SENT for key in sent} - {"reset"})


class Scripted:
    """Plays the stored observations of one environment in their order and keeps the actions that it receives."""

    def __init__(self, stored: Values) -> None:
        self.stored, self.now, self.received, self.closed = stored, 0, [], False
        self.obs_space = {"time": ArraySpace("float32"), "episode": ArraySpace("float32")}
        self.act_space = {
            "action": ArraySpace("float32", stored["action"].shape[1:]),
            "choice": ArraySpace("int32", stored["choice"].shape[1:], classes=100),
        }

    def step(self, action: Mapping[str, Any]) -> Values:
        self.received.append(dict(action))
        row = {key: value[self.now % len(value)] for key, value in self.stored.items()}
        self.now += 1
        basic = flags(row["reward"], row["is_first"], row["is_last"], row["is_terminal"])
        return {"time": row["time"], "episode": row["episode"], **basic}

    def close(self) -> None:
        self.closed = True


def _policy(number: int, is_last: np.ndarray) -> Values:
    """The reference's actions, with nonsense where an episode is over, because no reader may see that."""
    actions = {}
    for key in ACTIONS:
        value = np.stack([stored[key][number] for stored in STORED])
        actions[key] = np.where(is_last.reshape(-1, *(1,) * (value.ndim - 1)), 77, value).astype(value.dtype)
    return actions


def test_observations_and_actions_follow_the_reference() -> None:
    envs = [Scripted(stored) for stored in STORED]
    driver = Driver(envs)
    steps = len(STORED[0]["is_first"])
    for number in range(steps):
        obs = driver.observe()
        actions = _policy(number, obs["is_last"])
        kept = mask_last(actions, obs["is_last"])
        for env, stored in enumerate(STORED):
            for key in obs.keys() | kept.keys():
                value = obs[key] if key in obs else kept[key]
                assert value[env] == pytest.approx(stored[key][number]), (env, number, key)
        assert driver.steps == len(ENVS) * (number + 1)
        driver.step(actions)
    for env, sent in zip(envs, SENT, strict=True):
        for key, wanted in sent.items():
            received = np.stack([action[key] for action in env.received[: len(wanted)]])
            np.testing.assert_array_equal(received, wanted, err_msg=key)


def test_episodes_have_score_length_environment_and_step() -> None:
    driver = Driver([Scripted(stored) for stored in STORED])
    episodes = []
    for number in range(len(STORED[0]["is_first"]) - 1):
        episodes += driver.step(_policy(number, driver.observe()["is_last"]))
    wanted = []
    for env, stored in enumerate(STORED):
        first = 0
        for last in np.flatnonzero(stored["is_last"]):
            # From the meta data: how long this environment's episodes were made, in actions.
            lengths = META["driver"]["lengths"][env]
            assert last - first == lengths[int(stored["episode"][last]) % len(lengths)]
            score = stored["reward"][first : last + 1].sum()
            wanted.append((int(last) * len(ENVS) + env + 1, env, float(score), int(last - first)))
            first = last + 1
    assert [(e.step, e.env, e.score, e.length) for e in episodes] == sorted(wanted)
    assert len(wanted) > 3


def test_old_observations_stay_as_they_were() -> None:
    driver = Driver([Scripted(stored) for stored in STORED])
    before = driver.observe()
    copy = {key: value.copy() for key, value in before.items()}
    driver.step(_policy(0, before["is_last"]))
    assert all(np.array_equal(before[key], copy[key]) for key in copy)
    assert not np.array_equal(before["time"], driver.observe()["time"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda actions: {"action": actions["action"]}, "`choice` is missing"),
        (lambda actions: actions | {"choice": actions["choice"][:-1]}, "`choice` must have shape"),
    ],
)
def test_wrong_actions_are_named(change: Any, words: str) -> None:
    driver = Driver([Scripted(stored) for stored in STORED])
    with pytest.raises(ValueError, match=words):
        driver.step(change(_policy(0, driver.observe()["is_last"])))


def test_environments_must_be_alike() -> None:
    odd = Scripted(STORED[0])
    odd.obs_space = {"time": ArraySpace("float32", (2,))}
    with pytest.raises(ValueError, match="environment 1 and environment 0 have different spaces"):
        Driver([Scripted(STORED[0]), odd])
    with pytest.raises(ValueError, match="at least one"):
        Driver([])


def test_closes_its_environments() -> None:
    envs = [Scripted(stored) for stored in STORED]
    Driver(envs).close()
    assert all(env.closed for env in envs)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_action_that_is_not_finite_is_refused_before_an_environment_sees_it(bad: float) -> None:
    envs = [Scripted(stored) for stored in STORED]
    driver = Driver(envs)
    actions = _policy(0, driver.observe()["is_last"])
    actions["action"] = actions["action"].astype(np.float32)
    actions["action"][1] = bad
    with pytest.raises(ActionNotFinite, match="the action of environment 1 is not finite"):
        driver.step(actions)
    assert [len(env.received) for env in envs] == [1] * len(envs)


@pytest.mark.parametrize(("key", "name"), [("time", "an observation `time`"), ("reward", "a reward")])
def test_an_environment_that_returns_numbers_that_are_not_finite_is_named(key: str, name: str) -> None:
    envs = [Scripted(stored) for stored in STORED]
    broken = {other: value.astype(np.float32) if other == key else value for other, value in STORED[1].items()}
    broken[key] = np.full_like(broken[key], np.nan)
    envs[1] = Scripted(broken)
    with pytest.raises(EnvError, match=f"^environment 1 returned {name} that is not finite$"):
        Driver(envs)


@pytest.mark.parametrize("name", ["score", "obs.time", "obs.unknown"])
def test_a_stored_state_of_another_shape_is_refused(name: str) -> None:
    driver = Driver([Scripted(stored) for stored in STORED])
    count = len(STORED)
    state = {"score": np.zeros(count), "length": np.zeros(count, np.int64), "steps": np.asarray(count)}
    state |= {f"obs.{key}": value for key, value in driver.observe().items()} | {name: np.zeros(count + 1)}
    with pytest.raises(ValueError, match=f"`{name.removeprefix('obs.')}` of the stored episodes has another shape"):
        driver.load(state)


def test_environments_that_cannot_be_stored_give_no_state() -> None:
    assert Driver([Scripted(stored) for stored in STORED]).state() is None
