"""Environments that do everything wrong: drawn spaces, wrong types, NaN, changing shapes, resets and steps that fail.

``python -m benchmarks.hostile_envs --count 2000`` plays each drawn environment through the trainer's adapter. A sound
one must run; every fault must end in one `EnvError` with a message of one line that names the environment.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from dreamerguard_agent.envs.adapters.shared.gym_adapter import GymEnv, Presentation
from dreamerguard_agent.envs.protocol import EnvError

Rng = np.random.Generator
#: Steps that are played; a fault shows itself at one of the first `LATEST`.
STEPS, LATEST = 12, 6
NAME = "hostile"
_DTYPES = (np.float32, np.float64, np.float16, np.uint8, np.int8, np.int32, np.int64)


class Unspeakable(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@dataclass(frozen=True)
class Case:
    """One drawn environment: its fault (empty for a sound one), and the function that makes it."""

    fault: str
    make: Callable[[], Any]


class Drawn:
    """An environment with drawn spaces and one fault."""

    def __init__(self, rng: Rng, fault: str, observation: Any, action: Any) -> None:
        self.observation_space, self.action_space = observation, action
        self._rng, self._fault, self._step = rng, fault, -1
        self._at = 0 if fault.startswith("reset") else int(rng.integers(0, LATEST))
        observation.seed(int(rng.integers(1 << 30)))

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        del seed, options
        made = self._next()
        if self._now and self._fault == "reset raises":
            raise ValueError("the door\nis locked")
        if self._fault == "reset returns None":
            return None
        return made if self._fault == "reset without info" else (made, {})

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), f"{action!r} is not in {self.action_space}"
        made, reward, ended = self._next(), float(self._rng.normal()), bool(self._rng.random() < 0.2)
        if not self._now:
            return made, reward, ended, False, {}
        if self._fault.startswith("step raises"):
            error = (Unspeakable(), SystemExit(3), KeyError("arm"), MemoryError(), AssertionError())
            raise error[int(self._rng.integers(len(error)))]
        wrong_steps = {
            "step returns None": None,
            "step returns three": (made, reward, ended),
            "step returns text": "ok",
        }
        if self._fault in wrong_steps:
            return wrong_steps[self._fault]
        rewards = {"reward None": None, "reward nan": math.nan, "reward inf": math.inf, "reward text": "1",
                   "reward vector": np.ones(3), "reward huge": 1e300, "reward complex": 1j}  # fmt: skip
        flags = {"flag text": "no", "flag nan": math.nan, "flag None": None, "flag vector": np.zeros(2, bool)}
        return made, rewards.get(self._fault, reward), flags.get(self._fault, ended), False, {}

    @property
    def _now(self) -> bool:
        return self._step >= self._at

    def _next(self) -> Any:
        self._step += 1
        sample = self.observation_space.sample()
        return _spoil(self._rng, self.observation_space, sample, self._fault) if self._now else sample

    def close(self) -> None:
        raise OSError("it is stuck")


#: Faults of one part of an observation.
LEAF = ("nan", "inf", "shape", "text value", "object value", "ragged value", "none value", "missing", "choice",
        "complex value", "float for integers")  # fmt: skip
#: Faults of calls.
CALLS = (
    "reset raises", "reset returns None", "reset without info", "step raises", "step returns None",
    "step returns three", "step returns text", "reward None", "reward nan", "reward inf", "reward text",
    "reward vector", "reward huge", "reward complex", "flag text", "flag nan", "flag None", "flag vector",
)  # fmt: skip
#: Faults of the object and its spaces.
SPACES = ("vector", "agents", "not an environment", "no spaces", "space raises", "text action", "nothing to learn",
          "no choice", "too many choices", "nan bounds", "two names", "endless nesting")  # fmt: skip


def draw(seed: int) -> Case:
    """Draws an environment, a third of them sound."""
    rng = np.random.default_rng(seed)
    faults = ("", LEAF, CALLS, SPACES)[int(rng.choice(4, p=[0.3, 0.3, 0.25, 0.15]))]
    fault = str(faults[int(rng.integers(len(faults)))]) if faults else ""
    if fault in SPACES:
        return Case(fault, lambda: _odd(rng, fault))
    return Case(fault, lambda: Drawn(rng, fault, observation_space(rng, fault), action_space(rng)))


def play(case: Case, rng: Rng) -> str:
    """Plays a case through the adapter.

    Returns:
      The message of the `EnvError`; empty if there was none.
    """
    try:
        shown = Presentation(int(rng.integers(1, 4)), int(rng.integers(0, 9)), 64, False, 2.0)
        env = GymEnv(case.make(), NAME, 1, shown)
        for number in range(STEPS):
            action = {key: _choose(rng, space) for key, space in env.act_space.items()}
            values = env.step({**action, "reset": np.asarray(number == 0)})
            for key, space in env.obs_space.items():
                value = values[key]
                assert (value.dtype, value.shape) == (np.dtype(space.dtype), space.shape), (key, value.dtype, space)
                assert value.dtype.kind != "f" or np.isfinite(value).all(), key
                assert not space.discrete or value.max(initial=0) < space.classes, key
        env.close()
    except EnvError as error:
        return str(error)
    return ""


def check(seed: int) -> tuple[str, str]:
    """Plays one drawn environment. Returns its fault and what is wrong with the outcome, empty if nothing is."""
    case = draw(seed)
    try:
        message = play(case, np.random.default_rng(seed + 1))
    except BaseException as error:
        return case.fault, f"raised {type(error).__name__}: {error!r:.300}"
    if not case.fault:
        return "", f"a sound environment was refused: {message}" if message else ""
    if not message:
        return case.fault, "it was not noticed"
    if "\n" in message or not message.startswith(NAME) or len(message) > 900:
        return case.fault, f"unclear message: {message!r}"
    return case.fault, ""


def observation_space(rng: Rng, fault: str = "", depth: int = 0) -> Any:
    """Draws a space with at least one part that can be learned from and has the fault."""
    if depth == 0 and rng.random() < 0.5:
        return _leaf(rng, fault)
    names = rng.choice(["a", "b", "image", "value", "reward", "log/x", "x y", "0", "action"], 3, replace=False)
    parts: dict[str, Any] = {str(name): _any_leaf(rng) for name in names if name != "log/x"}
    if depth < 2 and rng.random() < 0.4:
        parts["deep"] = observation_space(rng, "", depth + 1)
    if rng.random() < 0.3:
        parts["text"] = spaces.Text(5)
    if "log/x" in names:
        parts["log/x"] = spaces.Box(-1, 1, (1,))
    parts["main"] = _leaf(rng, fault)
    return spaces.Tuple(list(parts.values())) if not fault and rng.random() < 0.2 else spaces.Dict(parts)


def action_space(rng: Rng, depth: int = 0) -> Any:
    """Draws a space with something to choose."""
    kind = int(rng.integers(7 if depth < 2 else 5))
    if kind == 0:
        return spaces.Discrete(int(rng.integers(2, 9)), start=int(rng.integers(-3, 4)))
    if kind == 1:
        return spaces.MultiDiscrete(rng.integers(1, 5, int(rng.integers(1, 5))) + 1)
    if kind == 2:
        return spaces.MultiBinary(int(rng.integers(1, 5)))
    if kind in (3, 4):
        shape = tuple(rng.integers(1, 4, int(rng.integers(0, 4))).tolist())
        low, high = (-np.inf, np.inf) if rng.random() < 0.2 else (float(rng.integers(-5, 0)), float(rng.integers(1, 5)))
        dtype = np.int32 if rng.random() < 0.2 and np.isfinite(low) else np.float32
        return spaces.Box(low, high, shape, dtype)
    parts = {name: action_space(rng, depth + 1) for name in ("move", "reset", "x/y")}
    return spaces.Dict(parts) if kind == 5 else spaces.Tuple(list(parts.values()))


def _any_leaf(rng: Rng) -> Any:
    kind = int(rng.integers(8))
    if kind == 0:
        return spaces.Discrete(int(rng.integers(1, 20)), start=int(rng.integers(-3, 4)))
    if kind == 1:
        return spaces.MultiDiscrete(rng.integers(1, 300, int(rng.integers(1, 6))))
    if kind == 2:
        return spaces.MultiBinary(int(rng.integers(1, 6)))
    if kind == 3:
        sides, channels = rng.integers(16, 40, 2).tolist(), int(rng.integers(1, 5))
        shape = ((*sides, channels), (channels, *sides), tuple(sides))[int(rng.integers(3))]
        return spaces.Box(0, 255, shape, np.uint8)
    if kind == 4:
        return spaces.Box(0.0, 1.0, (*rng.integers(16, 40, 2).tolist(), 3), np.float32)
    dtype = _DTYPES[int(rng.integers(len(_DTYPES)))]
    shape = tuple(rng.integers(0, 5, int(rng.integers(0, 5))).tolist())
    if np.dtype(dtype).kind == "f":
        bound = np.inf if rng.random() < 0.5 else 3.0
        return spaces.Box(-bound, bound, shape, dtype)
    return spaces.Box(0, 100, shape, dtype)


def _leaf(rng: Rng, fault: str) -> Any:
    """Draws a space of one part that can have the fault."""
    if fault == "choice":
        return spaces.MultiDiscrete([3, 4]) if rng.random() < 0.5 else spaces.Discrete(int(rng.integers(2, 9)))
    if fault == "float for integers":
        return spaces.Box(0, 255, (20, 20, 3), np.uint8) if rng.random() < 0.5 else spaces.Discrete(4)
    if fault in ("nan", "inf") and rng.random() < 0.3:
        return spaces.Box(0.0, 1.0, (16, 16, 3), np.float32)
    dtype = np.float64 if rng.random() < 0.5 else np.float32
    return spaces.Box(-2.0, 2.0, tuple(rng.integers(1, 4, int(rng.integers(1, 4))).tolist()), dtype)


def _spoil(rng: Rng, space: Any, sample: Any, fault: str) -> Any:
    """Puts the fault into an observation: into the part ``main``, or the only one."""
    if fault not in LEAF:
        return sample
    if isinstance(space, spaces.Dict):
        if fault == "missing":
            return {key: value for key, value in sample.items() if key != "main"}
        return {**sample, "main": _spoil(rng, space["main"], sample["main"], fault)}
    array = np.array(sample)
    if fault in ("nan", "inf"):
        array.reshape(-1)[int(rng.integers(array.size))] = np.nan if fault == "nan" else -np.inf
        return array
    wrong = {
        "shape": np.zeros((*array.shape, 2), array.dtype), "text value": "left", "object value": object(),
        "ragged value": [[1.0], [1.0, 2.0]], "none value": None, "missing": None, "choice": array + 50,
        "complex value": array.astype(np.complex128), "float for integers": array * 0.5,
    }  # fmt: skip
    return wrong[fault]


def _odd(rng: Rng, fault: str) -> Any:
    """Makes an environment with a fault of the object or its spaces."""
    box, two = spaces.Box(-1.0, 1.0, (2,)), spaces.Discrete(2)
    env = Drawn(rng, "", box, two)
    nested: Any = two
    for _ in range(40):
        nested = spaces.Dict({"a": nested})
    changes: dict[str, dict[str, Any]] = {
        "vector": {"num_envs": 4}, "agents": {"possible_agents": ["a", "b"]}, "no spaces": {"observation_space": None},
        "text action": {"action_space": spaces.Text(4)},
        "nothing to learn": {"observation_space": spaces.Dict({"t": spaces.Text(4), "e": spaces.Box(0, 1, (0,))})},
        "no choice": {"action_space": spaces.Discrete(1)}, "too many choices": {"action_space": spaces.Discrete(10**9)},
        "two names": {"observation_space": spaces.Dict({"a": spaces.Dict({"b": box}), "a/b": box})},
        "endless nesting": {"observation_space": nested},
    }  # fmt: skip
    if fault == "not an environment":
        return (None, 3, {}, object(), "CartPole-v1", Drawn)[int(rng.integers(6))]
    if fault == "space raises":
        return _Raising()
    if fault == "nan bounds":
        bad = spaces.Box(-1.0, 1.0, (2,))
        bad.low, bad.high = np.full(2, np.nan, np.float32), bad.high
        changes["nan bounds"] = {"action_space": bad}
    for name, value in changes[fault].items():
        setattr(env, name, value)
    return env


class _Raising(Drawn):
    def __init__(self) -> None: ...

    @property
    def observation_space(self) -> Any:
        raise RuntimeError("not ready")


def _choose(rng: Rng, space: Any) -> Any:
    if space.discrete:
        return rng.integers(0, space.classes, space.shape).astype(space.dtype)
    return np.asarray(rng.uniform(-1.5, 1.5, space.shape), space.dtype)


def main() -> int:
    """Plays drawn environments and prints the count of each fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    played, wrong = Counter[str](), []
    for seed in range(options.seed, options.seed + options.count):
        fault, problem = check(seed)
        played[fault or "sound"] += 1
        if problem:
            wrong.append(f"seed {seed}, {fault or 'sound'}: {problem}")
    for fault, count in sorted(played.items()):
        print(f"{count:6}  {fault}")
    print(f"{len(wrong)} of {options.count} went wrong")
    print("\n".join(wrong[:20]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
