"""Plays one environment with random actions, whatever its interface. Part of `script`, which loads it by its path.

It imports nothing of dreamerguard, which may not be installed in the training program's Python.
"""

from __future__ import annotations

import inspect
import math
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .spaces import draw, leaves
else:
    from dreamerguard_probe_spaces import draw, leaves  # `script` loads it under this name

#: Observations, reward, whether the episode ended, and whether it ended in a terminal state.
Step = tuple[dict[str, Any], float, bool, bool]


class NotPlayable(Exception):
    """The environment cannot be played. The message is a sentence for users."""


class Player:
    """Plays one kind of environment."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the spaces or specs of observations and actions, by key."""
        raise NotImplementedError

    def first(self) -> Step:
        """Starts an episode."""
        raise NotImplementedError

    def step(self) -> Step:
        """Takes one step with a random action."""
        raise NotImplementedError

    def frame(self) -> Any:
        """Renders the current state. Errors of rendering pass through."""
        return self.env.render()


class Embodied(Player):
    """danijar/dreamerv3 and the bundled trainer: actions and observations are dictionaries; observations include the
    episode flags."""

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(self.env.obs_space), {k: v for k, v in self.env.act_space.items() if k != "reset"}

    def first(self) -> Step:
        return self._step(True)

    def step(self) -> Step:
        return self._step(False)

    def _step(self, reset: bool) -> Step:
        action = {name: draw(space) for name, space in self.env.act_space.items()}
        observed = dict(self.env.step({**action, "reset": reset}))
        ended = bool(observed.get("is_last", False)), bool(observed.get("is_terminal", False))
        return observed, number(observed.get("reward", 0.0)), *ended

    def frame(self) -> Any:
        return None


class Gym(Player):
    """gym and gymnasium: a step returns four or five values; actions are samples of the space, one-hot if required."""

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        observed, actions = self.env.observation_space, self.env.action_space
        return leaves(observed, observed), leaves(actions, actions, "action")

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._episodes = 0
        if hasattr(env.action_space, "seed"):
            env.action_space.seed(0)

    def first(self) -> Step:
        observed = self.env.reset(seed=self._episodes) if _takes_seed(self.env.reset) else self.env.reset()
        self._episodes += 1
        with_info = isinstance(observed, tuple) and len(observed) == 2 and isinstance(observed[1], dict)
        return self._named(observed[0] if with_info else observed), 0.0, False, False

    def step(self) -> Step:
        answer = self.env.step(self._action())
        if not isinstance(answer, tuple) or len(answer) not in (4, 5):
            raise NotPlayable(f"step returns {described(answer)}, not four or five values")
        observed, reward, *ended, info = answer
        named = self._named(observed)
        last = any(bool(x) for x in ended)
        terminal = bool(ended[0]) if len(ended) == 2 else _is_terminal(named, info if isinstance(info, dict) else {})
        return named, number(reward), last, last and terminal

    def _action(self) -> Any:
        import numpy as np

        space = self.env.action_space
        action = draw(space)
        if getattr(space, "discrete", False):
            action = np.eye(space.shape[0], dtype=np.float32)[random.randrange(space.shape[0])]
        chain, env = [], self.env
        while env is not None:
            chain.append(type(env).__name__)
            env = getattr(env, "__dict__", {}).get("env")
        return {"action": action} if "SelectAction" in chain else action

    def _named(self, observed: Any) -> dict[str, Any]:
        return leaves(observed, self.env.observation_space)


class DmEnv(Player):
    """dm_env: specs and time steps."""

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return leaves(self.env.observation_spec()), {"action": self.env.action_spec()}

    def first(self) -> Step:
        return self._named(self.env.reset()), 0.0, False, False

    def step(self) -> Step:
        now = self.env.step(draw(self.env.action_spec()))
        reward = 0.0 if now.reward is None else number(now.reward)
        return self._named(now), reward, now.last(), now.last() and now.discount == 0

    def frame(self) -> Any:
        return self.env.physics.render(64, 64, camera_id=0)

    def _named(self, now: Any) -> dict[str, Any]:
        return leaves(now.observation)


def seed_numpy() -> None:
    """Seeds the random actions, so that a second probe finds the same."""
    import numpy as np

    np.random.seed(0)


def player(env: Any) -> Player:
    """Returns the player for an environment, chosen by the attributes that it has.

    Raises:
      NotPlayable: the object is a vector of environments, has several agents, or is no environment.
    """
    agents = getattr(env, "possible_agents", None)  # of PettingZoo
    if isinstance(agents, (list, tuple)):
        raise NotPlayable(f"this is an environment of {len(agents)} agents; return one with a single agent")
    count = vector_size(env)
    if count is not None:
        raise NotPlayable(f"this is a vector environment of {count}; return a single one")
    if hasattr(env, "obs_space") and hasattr(env, "act_space"):
        return Embodied(env)
    if hasattr(env, "observation_spec") and hasattr(env, "action_spec"):
        return DmEnv(env)
    if hasattr(env, "observation_space") and hasattr(env, "action_space"):
        return Gym(env)
    raise NotPlayable(f"{described(env)} has neither spaces nor specs of observations and actions")


def vector_size(env: Any) -> int | None:
    """Returns the number of environments of a vector environment (gymnasium, envpool, stable-baselines3); else None."""
    count = getattr(env, "num_envs", None)
    if count is None and hasattr(env, "async_reset"):  # envpool's dm_env interface
        count = len(env)
    marked = any(hasattr(env, name) for name in ("single_observation_space", "async_reset", "step_async"))
    return int(count) if isinstance(count, int) and (marked or count > 1) else None


def number(reward: Any) -> float:
    """Converts a reward to a number.

    Raises:
      NotPlayable: the reward is not one number.
    """
    import numpy as np

    value = np.asarray(reward)
    if value.size != 1 or value.dtype.kind not in "fiub":
        raise NotPlayable(f"the reward is {described(reward)}, not a number")
    return float(value.reshape(()))


def described(value: Any) -> str:
    """Describes a value by its type, and by its size if it is a collection."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"an array of shape {list(shape)}"
    size = f" of {len(value)}" if isinstance(value, (tuple, list, dict)) else ""
    return "None" if value is None else f"{type(value).__name__}{size}"


def _takes_seed(function: Any) -> bool:
    try:
        return "seed" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # compiled code without a signature
        return False


def _is_terminal(observed: dict[str, Any], info: dict[str, Any]) -> bool:
    """Returns whether the end of an episode with four values per step is terminal: no time limit ended it."""
    reported = observed.get("is_terminal", info.get("is_terminal"))
    if reported is not None:
        return bool(reported)
    if isinstance(info.get("discount"), (int, float)) and not math.isnan(info["discount"]):
        return bool(info["discount"] == 0)  # crafter
    return not info.get("TimeLimit.truncated", False)  # gym
