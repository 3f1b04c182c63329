"""Custom environments of the tests, imported from the working directory as a user's are."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from dreamerguard_agent.base.spaces import ArraySpace

NOT_A_FUNCTION = 3


class Room(gymnasium.Env[Any, Any]):
    """Dict observations, several choices of unequal size, and a record under ``log/``. Every number is known."""

    def __init__(self, length: int = 20, fails_at: int = -1) -> None:
        self.observation_space = spaces.Dict(
            {
                "place": spaces.Dict({"x": spaces.Box(-np.inf, np.inf, (2,), np.float64), "cell": spaces.Discrete(5)}),
                "view": spaces.Box(0, 255, (32, 48, 3), np.uint8),
                "doors": spaces.MultiBinary(3),
                "value": spaces.Box(0.0, 1.0, ()),
                "hint": spaces.Text(8),
                "log/coins": spaces.Box(0, 9, (1,), np.int64),
            }
        )
        self.action_space = spaces.MultiDiscrete([3, 2])
        self._length, self._fails_at, self.time, self.total = length, fails_at, 0, 0
        self.seen: list[Any] = []
        self.seeds: list[int | None] = []

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.seeds.append(seed)
        self.time = 0
        self._start = self.np_random.random()
        return self._observe(), {}

    def step(self, action: Any) -> Any:
        self.total += 1
        if self.total == self._fails_at:
            raise RuntimeError("the floor gave way")
        self.seen.append(action)
        self.time += 1
        return self._observe(), float(action[0]), self.time >= self._length and action[1] == 1, False, {}

    def _observe(self) -> dict[str, Any]:
        view = np.full((32, 48, 3), self.time, np.uint8)
        place = {"x": np.array([self._start, self.time]), "cell": self.time % 5}
        doors = np.array([self.time % 2, 0, 1], np.int8)
        return {"place": place, "view": view, "doors": doors, "value": 0.5, "hint": "left", "log/coins": [self.time]}


class Own:
    """Follows the trainer's own protocol."""

    def __init__(self, task: str, seed: int) -> None:
        self.obs_space = {"name": ArraySpace("float32", (2,)), "log/steps": ArraySpace("float32")}
        self.act_space = {"action": ArraySpace("float32", (1,), low=-1.0, high=1.0)}
        self._name, self._seed, self.time = len(task), seed, 0

    def step(self, action: Any) -> Any:
        self.time = 0 if action["reset"] else self.time + 1
        numbers = np.array([self._name, self._seed % 1000], np.float64)
        ends = {"is_first": self.time == 0, "is_last": self.time == 7, "is_terminal": False}
        return {"name": numbers, "log/steps": self.time, "reward": float(self.time > 0), **ends}

    def close(self) -> None: ...


def room(length: int = 20, fails_at: int = -1) -> Room:
    return Room(length, fails_at)


class Stored(Own):
    """Can be stored."""

    def state(self) -> dict[str, Any]:
        return {"time": self.time}

    def load(self, state: Any) -> None:
        self.time = int(state["time"])


def stored(task: str, seed: int) -> Stored:
    return Stored(task, seed)


class Odd(Own):
    """Breaks the protocol of `Own` in one way."""

    def __init__(self, fault: str, number: int = 0) -> None:
        super().__init__("odd", 0)
        self._fault = fault
        spaces = {
            "reserved": {"value": ArraySpace("float32")},
            "sides": {"image": ArraySpace("uint8", (50, 64, 3))},
            "no space": {"name": 3},
            "no key": {},
            "log vector": {"name": ArraySpace("float32"), "log/x": ArraySpace("float32", (2,))},
            "differs": {"name": ArraySpace("float32", (2 + number,))},
        }
        if fault == "both":
            self.act_space = {"name": ArraySpace("float32")}
        self.obs_space = spaces.get(fault, self.obs_space)  # type: ignore[assignment]

    def step(self, action: Any) -> Any:
        values = super().step(action)
        changes = {
            "nan": {"name": np.full(2, np.nan)},
            "shape": {"name": np.zeros(3)},
            "first": {"is_first": False},
            "early": {"is_last": True},
            "reward": {"reward": None},
            "flag": {"is_terminal": "no"},
        }
        if self._fault == "missing":
            return {key: value for key, value in values.items() if key != "name"}
        return None if self._fault == "none" else {**values, **changes.get(self._fault, {})}


def odd(fault: str, seed: int) -> Odd:
    return Odd(fault, seed % 50)


def own(task: str, seed: int) -> Own:
    return Own(task, seed)


def nothing() -> None: ...


def broken() -> None:
    raise OSError("no such map")


def vector() -> Any:
    return gymnasium.make_vec("CartPole-v1", num_envs=2)


class Lamp(gymnasium.Env[Any, Any]):
    """Five steps; the left half of its picture becomes brighter by 20 at each. The agent sees a number."""

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.observation_space = spaces.Box(0.0, 5.0, (1,))
        self.action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.time = 0
        return np.array([0.0], np.float32), {}

    def step(self, action: Any) -> Any:
        self.time += 1
        return np.array([self.time], np.float32), 1.0, self.time >= 5, False, {}

    def render(self) -> Any:
        if self.render_mode != "rgb_array":
            return None
        picture = np.zeros((120, 160, 3), np.uint8)
        picture[:, :80] = 20 * self.time
        picture[:10] = np.arange(160)[:, None] % 2 * 99
        return picture


def lamp(render_mode: str | None = None) -> Lamp:
    return Lamp(render_mode)


def silent() -> Lamp:
    return Lamp()


class Seen(Own):
    """Follows the trainer's own protocol and can be shown."""

    def frame(self) -> Any:
        return np.arange(100 * 100 * 3, dtype=np.uint8).reshape(100, 100, 3)


def seen(task: str, seed: int) -> Seen:
    return Seen(task, seed)
