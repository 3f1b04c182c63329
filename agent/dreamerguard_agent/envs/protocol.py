"""The protocols of environments, and their errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..base.spaces import ArraySpace

Array = npt.NDArray[Any]
#: Values of one step by key; of several environments [E, ...].
Values = dict[str, Array]


class Env(Protocol):
    """One environment. Actions are numbers in [-1, 1] or choices.

    Follows the conventions of danijar/dreamerv3 (`embodied/core/base.py`, `driver.py`):

    - there is no ``reset()``: a step whose action says ``reset`` starts an episode and ignores the rest of the action,
      and so does the step after one with ``is_last``, whatever its action says;
    - the first step of an episode has ``is_first`` and reward 0; ``is_first`` and ``is_last`` never coincide;
    - ``is_last`` ends an episode for any reason, ``is_terminal`` only where nothing can follow (no time limit).
    """

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations, without ``reward``, ``is_first``, ``is_last`` and ``is_terminal``, which every step has."""

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions, without ``reset``, which every action has."""

    def step(self, action: Mapping[str, Any]) -> Values:
        """Acts once.

        Args:
          action: a value per key of `act_space`, and ``reset``, a bool.

        Returns:
          A value per key of `obs_space`, of its type and shape; ``reward`` float32; three flags, bool.
        """

    def close(self) -> None:
        """Frees the resources. The environment cannot be stepped afterwards."""


class VectorEnv(Protocol):
    """E environments side by side with equal spaces, for a driver.

    Each environment follows the conventions of `Env`. Results do not depend on how the environments run: one after the
    other, in threads or in processes.
    """

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations of one environment; see `Env`."""

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions of one environment; see `Env`."""

    def __len__(self) -> int:
        """Number of environments, E."""

    def step(self, actions: Mapping[str, Array], reset: Array) -> Values:
        """Acts once in every environment.

        Args:
          actions: by key of `act_space`, [E, ...].
          reset: bool [E]; where true, or where the last step had ``is_last``, an episode starts instead.

        Returns:
          By key of `obs_space`, [E, ...], and ``reward`` and the three flags, [E]; arrays that are never written again.

        Raises:
          EnvError: an action is not finite, a simulation became unstable, or a worker process ended.
        """

    def state(self) -> Values | None:
        """Returns all that the next steps depend on, by name, or None if the environments cannot be stored."""

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state` of environments that were made with the same numbers and seeds.

        Raises:
          ValueError: the state does not belong to these environments.
        """

    def close(self) -> None:
        """Frees the resources. The environments cannot be stepped afterwards."""


@runtime_checkable
class Storable(Protocol):
    """An `Env` with a state that can be stored."""

    def state(self) -> Values:
        """Returns all that the next steps depend on, by name."""

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state` of an environment that was made with the same seed."""


@runtime_checkable
class Watchable(Protocol):
    """An `Env` that can be shown to people, whatever it gives to the agent."""

    def frame(self) -> Array:
        """Renders the current state, uint8 [height, width, 3].

        Raises:
          EnvError: it cannot be rendered here.
        """


class EnvError(Exception):
    """An environment cannot be made, rendered or stepped. The message is for users and is shown without a traceback."""


class ActionNotFinite(EnvError):
    """The policy chose an action that is not a number or infinite."""


class EnvsFailed(EnvError):
    """Environments that ran before cannot go on: they raised an error, or their processes failed too often."""


class WaitEnded(EnvError):
    """The run is to stop, and a worker process does not answer."""


def flags(reward: float | np.floating[Any], first: bool, last: bool, terminal: bool) -> Values:
    """Returns the four values of every step as arrays without dimensions."""
    return {
        "reward": np.asarray(reward, np.float32),
        "is_first": np.asarray(first, bool),
        "is_last": np.asarray(last, bool),
        "is_terminal": np.asarray(terminal, bool),
    }


def check_action(action: Array) -> None:
    """Checks actions [..., A].

    Raises:
      ActionNotFinite: one of them is not a number or infinite.
    """
    finite = np.isfinite(action)
    if not finite.all():
        first = action[~finite.all(axis=-1)].reshape(-1, action.shape[-1])[0]
        raise ActionNotFinite(f"the action is not finite: {first}; the policy has diverged")
