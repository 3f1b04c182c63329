"""Calls an environment with the functions of Gymnasium, or of the older gym, and checks what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...protocol import EnvError
from .foreign_code import environment_code
from .one_of_vector import OneOfVector
from .values import as_flag, as_reward

#: What an environment must have.
_NEEDED = ("observation_space", "action_space", "reset", "step")


@dataclass(frozen=True, slots=True)
class GymStep:
    """The result of one step: observation, reward, and whether and why the episode has ended."""

    observation: Any
    reward: np.float32
    terminated: bool
    truncated: bool


class GymCalls:
    """One environment of Gymnasium or gym, or a vector environment of one. Its errors become `EnvError`.

    The first reset gets the seed; later resets follow from it.

    Args:
      env: the environment.
      name: its name for messages.
      seed: seed of the first reset.

    Raises:
      EnvError: it has not the functions of a single Gymnasium environment.
    """

    def __init__(self, env: Any, name: str, seed: int) -> None:
        self._name = name
        self._seed: int | None = seed
        with environment_code(f"{name}: reading its spaces"):
            if _is_vector_of_one(env):
                env = OneOfVector(env)
            refuse_others(env, name)
            self.observation_space = env.observation_space
            self.action_space = env.action_space
            self._takes_seed = _takes_seed(env.reset)
        self._env = env
        if self.observation_space is None or self.action_space is None:
            raise EnvError(f"{name} has no observation_space or no action_space")

    def reset(self) -> Any:
        """Starts an episode and returns the observation.

        Raises:
          EnvError: the environment failed.
        """
        seed, self._seed = self._seed, None
        with environment_code(f"{self._name}: reset()"):
            if self._takes_seed:
                made = self._env.reset(seed=seed) if seed is not None else self._env.reset()
            else:
                if seed is not None and callable(getattr(self._env, "seed", None)):
                    self._env.seed(seed)
                made = self._env.reset()
        if isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], Mapping):
            return made[0]
        if self._takes_seed:
            raise EnvError(f"{self._name}: reset() returned {_shown(made)}; it must return (observation, info)")
        return made

    def step(self, action: Any) -> GymStep:
        """Acts once.

        Raises:
          EnvError: the environment failed, or returned something else than five values, or four of the older gym.
        """
        with environment_code(f"{self._name}: step()"):
            made = self._env.step(action)
        if not isinstance(made, tuple | list) or len(made) not in (4, 5):
            raise EnvError(
                f"{self._name}: step() returned {_shown(made)};"
                " it must return (observation, reward, terminated, truncated, info)"
            )
        try:
            reward = as_reward(made[1])
            if len(made) == 5:
                return GymStep(made[0], reward, as_flag("terminated", made[2]), as_flag("truncated", made[3]))
            done, cut = as_flag("done", made[2]), _cut(made[3])
        except EnvError as error:
            raise EnvError(f"{self._name}: {error}") from error
        return GymStep(made[0], reward, done and not cut, done and cut)

    def render(self) -> Any:
        """Returns the image of the environment.

        Raises:
          EnvError: it cannot be rendered.
        """
        with environment_code(f"{self._name}: render()"):
            return self._env.render()

    def close(self) -> None:
        """Closes the environment. Errors are ignored: nothing depends on it any more."""
        try:
            self._env.close()
        except Exception:
            return


def refuse_others(env: Any, name: str) -> None:
    """Checks that an object is a single environment with Gymnasium's functions.

    Raises:
      EnvError: it is a vector environment, one of several agents, or something else; the message says which.
    """
    count = getattr(env, "num_envs", None)
    if count is not None or hasattr(env, "single_observation_space"):
        raise EnvError(
            f"{name} is a vector environment of {count}; make a single one or num_envs=1: the trainer runs run.envs of"
            " them itself"
        )
    if hasattr(env, "possible_agents"):
        raise EnvError(f"{name} is an environment of several agents (PettingZoo); the trainer trains a single agent")
    missing = [part for part in _NEEDED if not hasattr(env, part)]
    if missing and hasattr(env, "action_spec"):
        raise EnvError(f"{name} is a dm_env environment; wrap it as a Gymnasium environment, for example with shimmy")
    if missing:
        raise EnvError(
            f"{name} is {type(env).__name__}, not an environment: it has no {', '.join(missing)}."
            " Return a gymnasium.Env, or an object with obs_space, act_space and step (docs/environments.md)"
        )


def _is_vector_of_one(env: Any) -> bool:
    return getattr(env, "num_envs", None) == 1 and hasattr(env, "single_observation_space")


def _takes_seed(reset: Any) -> bool:
    try:
        parameters = inspect.signature(reset).parameters
    except (TypeError, ValueError):
        return True
    return "seed" in parameters or any(item.kind is inspect.Parameter.VAR_KEYWORD for item in parameters.values())


def _cut(info: Any) -> bool:
    """Returns whether a ``done`` of the older gym is a time limit: gym's own flag, or a discount above 0 (crafter)."""
    if not isinstance(info, Mapping):
        return False
    if "TimeLimit.truncated" in info:
        return bool(info["TimeLimit.truncated"])
    discount = info.get("discount")
    return isinstance(discount, int | float | np.number) and bool(discount > 0)


def _shown(made: Any) -> str:
    return f"a tuple of {len(made)}" if isinstance(made, tuple) else type(made).__name__
