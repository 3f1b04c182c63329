"""Many environments of EnvPool in one pool: ``env.backend=native`` for ``envpool:ID``.

A pool starts the next episode at the step after an end and ignores the action there, as the trainer's protocol does.
With a list of seeds, its episodes are those of pools of one with these seeds. The reward of a first step is replaced by
0: some tasks return the last one again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...base.spaces import ArraySpace
from ..protocol import Array, EnvError, Values, flags
from .shared.actions import Actions
from .shared.foreign_code import environment_code
from .shared.gym_adapter import Presentation
from .shared.observations import Observations
from .shared.values import as_flag, as_reward


class PoolEnvs:
    """A `VectorEnv` of all environments of a pool.

    Args:
      pool: the pool, made with ``env_type="gymnasium"``, in which every environment acts at every step.
      count: E, its environments.
      name: the task, for messages.
      presentation: how the environments are presented; neither repeated actions nor a time limit nor rendering.

    Raises:
      EnvError: nothing can be learned from the environments.
    """

    def __init__(self, pool: Any, count: int, name: str, presentation: Presentation) -> None:
        self._pool, self._name = pool, name
        try:
            with environment_code(f"{name}: its spaces"):
                observed, acted = spaces_of(pool)
                self._actions = Actions(acted, presentation.action_range)
                self._observations = Observations(observed, presentation.image_size)
        except EnvError as error:
            raise EnvError(f"{name}: {error}") from error
        self._done, self._begun = np.ones(count, bool), False

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations; see `VectorEnv`."""
        return self._observations.spaces

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions; see `VectorEnv`."""
        return self._actions.spaces

    def __len__(self) -> int:
        return len(self._done)

    def step(self, actions: Mapping[str, Array], reset: Array) -> Values:
        """Acts in all environments; see `VectorEnv`.

        Raises:
          EnvError: the pool failed, returned what its spaces do not allow, or is to cut a running episode.
        """
        if self._begun and (np.asarray(reset) & ~self._done).any():
            raise EnvError(f"{self._name}: a pool cannot cut an episode; set env.backend to serial or process")
        if not self._begun:
            with environment_code(f"{self._name}: reset()"):
                made, info = self._pool.reset()
            ends: Any = (np.zeros(len(self)),) * 3
        else:
            built = [
                self._actions.build({key: value[number] for key, value in actions.items()})
                for number in range(len(self))
            ]
            with environment_code(f"{self._name}: step()"):
                made, *ends, info = self._pool.step(joined(built))
        self._begun = True
        return self._read(made, ends, np.argsort(info["env_id"]))

    def state(self) -> None:
        """Returns None: a pool cannot be stored."""

    def load(self, state: Mapping[str, Array]) -> None:
        """Refuses any state.

        Raises:
          ValueError: always.
        """
        raise ValueError("a pool cannot be restored")

    def close(self) -> None:
        """Ends the threads of the pool."""
        self._pool.close()

    def _read(self, made: Any, ends: Sequence[Any], order: Array) -> Values:
        """Converts what the pool returned; ``order``: the place of each environment in it."""
        steps, before = [], self._done
        self._done = np.zeros(len(self), bool)
        try:
            for number, place in enumerate(order):
                first = bool(before[number])
                terminated = not first and as_flag("terminated", ends[1][place])
                last = terminated or (not first and as_flag("truncated", ends[2][place]))
                reward = np.float32(0) if first else as_reward(ends[0][place])
                self._done[number] = last
                steps.append({**self._observations.read(part(made, place)), **flags(reward, first, last, terminated)})
        except EnvError as error:
            raise EnvError(f"{self._name}: {error}") from error
        return {key: np.stack([step[key] for step in steps]) for key in steps[0]}


def spaces_of(pool: Any) -> tuple[Any, Any]:
    """Returns the spaces of the observations and actions of one environment."""
    spaces: tuple[Any, Any] = quietly(lambda: (pool.observation_space, pool.action_space))
    return spaces


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a function of envpool without Gymnasium's warnings about the types of its bounds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def part(batch: Any, number: int) -> Any:
    """Returns the values of one environment, copied, because the pool uses the memory again."""
    if isinstance(batch, Mapping):
        return {key: part(value, number) for key, value in batch.items()}
    if isinstance(batch, tuple):
        return tuple(part(value, number) for value in batch)
    return np.array(batch[number])


def joined(actions: Sequence[Any]) -> Any:
    """Returns the actions of all environments as one batch."""
    if isinstance(actions[0], Mapping):
        return {key: joined([action[key] for action in actions]) for key in actions[0]}
    return np.stack([np.asarray(action) for action in actions])
