"""Runs environments of any kind in this thread, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...base.spaces import ArraySpace
from ..protocol import Array, Env, Storable, Values


class SerialEnvs:
    """A `VectorEnv` of separate environments.

    Args:
      envs: environments with equal spaces; closed by `close`.

    Raises:
      ValueError: no environment, or spaces that differ.
    """

    def __init__(self, envs: Sequence[Env]) -> None:
        if not envs:
            raise ValueError("a driver needs at least one environment")
        for number, env in enumerate(envs):
            if dict(env.obs_space) != dict(envs[0].obs_space) or dict(env.act_space) != dict(envs[0].act_space):
                raise ValueError(f"environment {number} and environment 0 have different spaces")
        self._envs = list(envs)

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations; see `VectorEnv`."""
        return self._envs[0].obs_space

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions; see `VectorEnv`."""
        return self._envs[0].act_space

    def __len__(self) -> int:
        return len(self._envs)

    def step(self, actions: Mapping[str, Array], reset: Array) -> Values:
        """Acts in one environment after the other; see `VectorEnv`."""
        steps = []
        for number, env in enumerate(self._envs):
            action: dict[str, Any] = {key: value[number] for key, value in actions.items()}
            steps.append(env.step({**action, "reset": reset[number]}))
        return {key: np.stack([step[key] for step in steps]) for key in steps[0]}

    def state(self) -> Values | None:
        """Returns the states of all environments under their numbers, or None if one cannot be stored."""
        states: Values = {}
        for number, env in enumerate(self._envs):
            if not isinstance(env, Storable):
                return None
            states |= {f"{number}.{key}": value for key, value in env.state().items()}
        return states

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`; see `VectorEnv`."""
        for number, env in enumerate(self._envs):
            if not isinstance(env, Storable):
                raise ValueError(f"environment {number} cannot be restored")
            env.load(part_of(state, number))

    def close(self) -> None:
        """Closes every environment."""
        for env in self._envs:
            env.close()


def part_of(state: Mapping[str, Array], number: int) -> Values:
    """Returns the values that are stored under ``number.``, without that prefix."""
    prefix = f"{number}."
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
