"""A vector environment of Gymnasium with one environment, as a single one, in every autoreset mode.

An episode begins with ``reset()`` and no step follows an end, so modes that reset at the next step or never are alike.
Where the step that ends an episode resets too, its observation is already that of the next episode: the last one is in
``info``, and the next ``reset`` returns what came.
"""

from __future__ import annotations

import copy
from typing import Any

#: Where the last observation of an episode is, by version of Gymnasium.
_FINAL = ("final_obs", "final_observation")


class OneOfVector:
    """The only environment of a vector environment, with the functions of a single one.

    Args:
      envs: the vector environment.
    """

    def __init__(self, envs: Any) -> None:
        self._envs = envs
        self._begun: tuple[Any] | None = None  # the first observation of an episode that has begun by itself
        self.observation_space, self.action_space = envs.single_observation_space, envs.single_action_space

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts an episode, or returns the first observation of one that has begun by itself."""
        begun, self._begun = self._begun, None
        if begun is not None and seed is None:
            return begun[0], {}
        return self._only(self._envs.reset(seed=seed)[0]), {}

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Acts once."""
        from gymnasium.vector.utils import concatenate, create_empty_array

        space = self.action_space
        made, reward, terminated, truncated, info = self._envs.step(
            concatenate(space, [action], create_empty_array(space, 1))
        )
        seen, self._begun = self._only(made), None
        if terminated[0] or truncated[0]:
            for key in _FINAL:
                if key in info:
                    self._begun, seen = (seen,), copy.deepcopy(info[key][0])
        return seen, reward[0], terminated[0], truncated[0], {}

    def render(self) -> Any:
        """Returns the picture."""
        shown = self._envs.render()
        return shown[0] if isinstance(shown, tuple | list) else shown

    def close(self) -> None:
        """Closes the vector environment."""
        self._envs.close()

    def _only(self, batch: Any) -> Any:
        """Returns the values of the only environment, copied, because the memory may be used again."""
        from gymnasium.vector.utils import iterate

        return copy.deepcopy(next(iter(iterate(self._envs.observation_space, batch))))
