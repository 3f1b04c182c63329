"""Makes one environment, plays random episodes and reports facts. Runs as a script in the training program's Python.

It reads one JSON object from standard input and writes one to the original standard output. It imports nothing of
dreamerguard, which may not be installed there. It does import numpy, which every environment needs.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

#: NumPy kind of a number -> its name in rules.
KINDS = {"f": "float", "i": "integer", "u": "integer", "b": "boolean"}


class NoMaker(Exception):
    """No function is known that makes the task's environment."""


def make(question: dict[str, Any]) -> Any:
    """Makes the environment with the named function, the training program's function or dm_control's suite."""
    if question["factory"]:
        name, _, function = question["factory"].partition(":")
        return call(getattr(importlib.import_module(name), function or "make_env"), question["task"])
    try:
        if question["maker"] and Path(question["script"]).is_file():
            return load_file(question["maker"]).make_env(question, sys.modules[__name__])
    except ImportError as error:
        if not question["task"].startswith("dmc_"):
            raise
        sys.stderr.write(f"{error}; trying dm_control instead\n")
    if question["task"].startswith("dmc_"):
        from dm_control import suite

        name = question["task"][len("dmc_") :]
        name = "ball_in_cup_catch" if name == "cup_catch" else name
        found = next((pair for pair in suite.ALL_TASKS if "_".join(pair) == name), None)
        if found is not None:
            return suite.load(*found)
    raise NoMaker(f"no known function makes {question['task'] or 'the task'}; name one with --probe-env")


def call(function: Any, *given: Any) -> Any:
    """Calls a function with as many arguments as it has positional parameters."""
    takes = [item for item in inspect.signature(function).parameters.values() if item.kind in (0, 1)]
    return function(*given[: len(takes)])


def load_file(path: str) -> Any:
    """Loads a Python file of dreamerguard that makes a training program's environment."""
    spec = importlib.util.spec_from_file_location("make_env_of_program", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(question: dict[str, Any]) -> Any:
    """Imports the training script as a module and adds its folder and the parent folder to the import path."""
    script = Path(question["script"]).resolve()
    sys.path[:0] = [str(script.parent.parent), str(script.parent)]
    package = (script.parent / "__init__.py").is_file()
    return importlib.import_module(f"{script.parent.name}.{script.stem}" if package else script.stem)


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Converts dotted keys to nested dictionaries."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        *groups, leaf = key.split(".")
        place = result
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = value
    return result


class Player:
    """Plays one kind of environment. ``first()`` and ``step()`` return observations, reward, last and terminal."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the spaces or specs of observations and actions, by key."""
        raise NotImplementedError

    def first(self) -> tuple[dict[str, Any], float, bool, bool]:
        """Starts an episode."""
        raise NotImplementedError

    def step(self) -> tuple[dict[str, Any], float, bool, bool]:
        """Takes one step with a random action."""
        raise NotImplementedError

    def frame(self) -> Any:
        """Renders the current state. Errors of rendering pass through."""
        return self.env.render()


class Embodied(Player):
    """danijar/dreamerv3: actions and observations are dictionaries; the observations include the episode flags."""

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(self.env.obs_space), {k: v for k, v in self.env.act_space.items() if k != "reset"}

    def first(self) -> tuple[dict[str, Any], float, bool, bool]:
        return self._step(True)

    def step(self) -> tuple[dict[str, Any], float, bool, bool]:
        return self._step(False)

    def _step(self, reset: bool) -> tuple[dict[str, Any], float, bool, bool]:
        action = {name: space.sample() for name, space in self.env.act_space.items()}
        observed = dict(self.env.step({**action, "reset": reset}))
        ended = bool(observed.get("is_last", False)), bool(observed.get("is_terminal", False))
        return observed, float(observed.get("reward", 0.0)), *ended

    def frame(self) -> Any:
        return None


class Gym(Player):
    """gym and gymnasium: a step returns four or five values; actions are samples of the space, one-hot if required."""

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        observed = getattr(self.env.observation_space, "spaces", None)
        return dict(observed) if observed else {"observation": self.env.observation_space}, {
            "action": self.env.action_space
        }

    def first(self) -> tuple[dict[str, Any], float, bool, bool]:
        observed = self.env.reset()
        return self._named(observed[0] if isinstance(observed, tuple) else observed), 0.0, False, False

    def step(self) -> tuple[dict[str, Any], float, bool, bool]:
        observed, reward, *ended, info = self.env.step(self._action())
        observed = self._named(observed)
        last = any(bool(x) for x in ended)
        reported_terminal = observed.get("is_terminal", info.get("is_terminal") if isinstance(info, dict) else None)
        terminal = bool(ended[0]) if len(ended) == 2 or reported_terminal is None else bool(reported_terminal)
        return observed, float(reward), last, last and terminal

    def _action(self) -> Any:
        import numpy as np

        space = self.env.action_space
        action = space.sample()
        if getattr(space, "discrete", False):
            action = np.eye(space.shape[0], dtype=np.float32)[random.randrange(space.shape[0])]
        chain, env = [], self.env
        while env is not None:
            chain.append(type(env).__name__)
            env = env.__dict__.get("env")
        return {"action": action} if "SelectAction" in chain else action

    def _named(self, observed: Any) -> dict[str, Any]:
        return dict(observed) if isinstance(observed, dict) else {"observation": observed}


class DmEnv(Player):
    """dm_env: specs and time steps."""

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(self.env.observation_spec()), {"action": self.env.action_spec()}

    def first(self) -> tuple[dict[str, Any], float, bool, bool]:
        return dict(self.env.reset().observation), 0.0, False, False

    def step(self) -> tuple[dict[str, Any], float, bool, bool]:
        import numpy as np

        spec = self.env.action_spec()
        low, high = np.maximum(spec.minimum, -1e3), np.minimum(spec.maximum, 1e3)
        now = self.env.step(np.random.uniform(low, high, spec.shape).astype(spec.dtype))
        return dict(now.observation), float(now.reward or 0.0), now.last(), now.last() and now.discount == 0

    def frame(self) -> Any:
        return self.env.physics.render(64, 64, camera_id=0)


def player(env: Any) -> Player:
    """Returns the player for an environment, chosen by the attributes that it has."""
    if hasattr(env, "obs_space") and hasattr(env, "act_space"):
        return Embodied(env)
    if hasattr(env, "observation_spec") and hasattr(env, "action_spec"):
        return DmEnv(env)
    if hasattr(env, "observation_space") and hasattr(env, "action_space"):
        return Gym(env)
    raise TypeError(f"{type(env).__name__} has neither spaces nor specs of observations and actions")


def space_facts(space: Any) -> dict[str, Any]:
    """Returns shape, kind and bounds of a space or spec, and ``classes`` of a discrete one."""
    import numpy as np

    classes = getattr(space, "n", getattr(space, "num_values", None))
    low = getattr(space, "low", getattr(space, "minimum", None))
    high = getattr(space, "high", getattr(space, "maximum", None))
    dtype = getattr(space, "dtype", None)
    return {
        "shape": list(getattr(space, "shape", None) or ()),
        "kind": KINDS.get(np.dtype(dtype).kind, "other") if dtype is not None else "other",
        "classes": int(classes) if classes is not None and np.ndim(classes) == 0 else None,
        "low": bound(low, min),
        "high": bound(high, max),
    }


def bound(values: Any, which: Any) -> float | str | None:
    """Returns the outermost bound; None without bounds, text if it is not finite."""
    import numpy as np

    if values is None or np.size(values) == 0:
        return None
    value = float(which(np.ravel(np.asarray(values, dtype=np.float64)).tolist()))
    return value if np.isfinite(value) else str(value)


class ObservedKey:
    """Facts about one observation key, collected over all steps."""

    def __init__(self, value: Any) -> None:
        import numpy as np

        first = np.asarray(value)
        self.shape, self.kind = list(first.shape), KINDS.get(first.dtype.kind, "other")
        self.first, self.finite, self.constant = first, True, True
        self.blank = first.ndim == 3 and first.size > 0 and bool((first == first.flat[0]).all())

    def add(self, value: Any) -> None:
        """Adds one value."""
        import numpy as np

        value = np.asarray(value)
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            self.finite = False
        self.constant = self.constant and value.shape == self.first.shape and bool((value == self.first).all())

    def facts(self) -> dict[str, Any]:
        """Returns the facts as plain data for JSON."""
        names = ("shape", "kind", "finite", "constant", "blank")
        return {name: getattr(self, name) for name in names}


def play(game: Player, observations: dict[str, ObservedKey], steps: int, deadline: float) -> dict[str, Any]:
    """Plays one episode of random actions."""
    length, total, largest, last, terminal = 0, 0.0, 0.0, False, False
    seen, *_ = game.first()
    while True:
        for name, value in seen.items():
            observations.setdefault(name, ObservedKey(value)).add(value)
        if last or length >= steps or time.monotonic() > deadline:
            break
        seen, reward, last, terminal = game.step()
        length, total, largest = length + 1, total + reward, max(largest, abs(reward))
    cut = not last and length < steps  # stopped by the time limit, so its end is not known
    return {"length": length, "total": total, "largest": largest, "last": last, "terminal": terminal, "cut": cut}


def frame_facts(game: Player, observations: dict[str, ObservedKey]) -> dict[str, Any]:
    """Returns whether there are images: one of the observations is an image, or rendering works."""
    if any(len(item.shape) == 3 for item in observations.values()):
        return {"frame": True, "frame_error": ""}
    try:
        return {"frame": game.frame() is not None, "frame_error": ""}
    except Exception as error:
        return {"frame": False, "frame_error": f"{type(error).__name__}: {error}"[:300]}


def probe(question: dict[str, Any]) -> dict[str, Any]:
    """Returns all facts that the rules need."""
    deadline = time.monotonic() + question["seconds"]
    random.seed(0)
    game = player(make(question))
    spaces, actions = game.spaces()
    observations: dict[str, ObservedKey] = {}
    episodes = [play(game, observations, question["steps"], deadline) for _ in range(2)]
    return {
        "error": "",
        "interface": type(game).__name__.lower(),
        "spaces": {str(name): space_facts(space) for name, space in spaces.items()},
        "actions": {str(name): space_facts(space) for name, space in actions.items()},
        "observations": {str(name): item.facts() for name, item in observations.items()},
        "episodes": episodes,
        **frame_facts(game, observations),
    }


def main() -> None:
    """Answers one question. Output of the environment goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    question = json.load(sys.stdin)
    os.chdir(question["folder"])
    sys.path.insert(0, str(Path.cwd()))
    try:
        answer = probe(question)
    except Exception as error:
        # A function that the user named must exist.
        lacks = isinstance(error, (ImportError, NoMaker)) and not question["factory"]
        message = str(error) if isinstance(error, NoMaker) else f"{type(error).__name__}: {error}"
        answer = {"error": message[:500], "lacking": lacks}
    with contextlib.suppress(OSError):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)  # simulators may keep threads and windows


if __name__ == "__main__":
    main()
