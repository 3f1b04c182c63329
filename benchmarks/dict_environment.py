"""An environment with a dict of observations and two choices per step, copied next to a run by `environments`."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Corridor(gymnasium.Env[dict[str, Any], Any]):
    """Walk to the light at the end of a corridor; a lamp shows the way."""

    def __init__(self, length: int = 10) -> None:
        self._length, self._place, self._time = length, 0, 0
        self.observation_space = spaces.Dict(
            {
                "distance": spaces.Box(0.0, float(length), (1,)),
                "image": spaces.Box(0, 255, (64, 64, 3), np.uint8),
                "doors": spaces.MultiBinary(3),
                "log/steps_left": spaces.Box(0.0, np.inf, ()),
            }
        )
        self.action_space = spaces.MultiDiscrete([3, 2])

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Starts somewhere in the corridor."""
        super().reset(seed=seed)
        self._place, self._time = int(self.np_random.integers(self._length - 1)), 0
        return self._observe(lamp=0), {}

    def step(self, action: Any) -> Any:
        """Moves left, stays or moves right, with the lamp off or on."""
        move, lamp = action
        self._place = max(0, self._place + int(move) - 1)
        self._time += 1
        reached = self._place >= self._length
        return self._observe(int(lamp)), 1.0 if reached else -0.01, reached, self._time >= 50, {}

    def _observe(self, lamp: int) -> dict[str, Any]:
        image = np.full((64, 64, 3), 200 if lamp else 20, np.uint8)
        image[:, : 64 * self._place // self._length] = 255
        distance = np.array([self._length - self._place], np.float32)
        doors = np.array([lamp, self._place % 2, 1], np.int8)
        return {"distance": distance, "image": image, "doors": doors, "log/steps_left": float(50 - self._time)}


def make(length: int = 10) -> Corridor:
    """Makes the environment, as ``env.make=dict_environment:make`` names it."""
    return Corridor(length)
