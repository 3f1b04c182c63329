"""Joins the environments of several agents to one vector, in order of agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...base.spaces import ArraySpace
from ..protocol import Array, Values, VectorEnv
from .serial import part_of


class JoinedEnvs:
    """A `VectorEnv` that joins others with equal spaces. It steps them one after the other and closes them.

    Args:
      parts: the joined environments, at least one.
    """

    def __init__(self, parts: Sequence[VectorEnv]) -> None:
        self._parts = list(parts)
        self._cuts = np.cumsum([len(part) for part in self._parts])[:-1]

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations; see `VectorEnv`."""
        return self._parts[0].obs_space

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions; see `VectorEnv`."""
        return self._parts[0].act_space

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def step(self, actions: Mapping[str, Array], reset: Array) -> Values:
        """Acts in one part after the other; see `VectorEnv`."""
        pieces = {key: np.split(value, self._cuts) for key, value in actions.items()}
        resets = np.split(reset, self._cuts)
        steps = [
            part.step({key: piece[number] for key, piece in pieces.items()}, resets[number])
            for number, part in enumerate(self._parts)
        ]
        return {key: np.concatenate([step[key] for step in steps]) for key in steps[0]}

    def state(self) -> Values | None:
        """Returns the states of all parts under their numbers, or None if one cannot be stored."""
        states: Values = {}
        for number, part in enumerate(self._parts):
            mine = part.state()
            if mine is None:
                return None
            states |= {f"{number}.{key}": value for key, value in mine.items()}
        return states

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`; see `VectorEnv`."""
        for number, part in enumerate(self._parts):
            part.load(part_of(state, number))

    def close(self) -> None:
        """Closes every part."""
        for part in self._parts:
            part.close()
