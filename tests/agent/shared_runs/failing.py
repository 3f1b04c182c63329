"""An environment that fails in its 30th step, in one process of a run."""

from __future__ import annotations

import os
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

#: Names the process in which it fails.
FAILS_IN, PROCESS = "TEST_FAILS_IN", "TEST_PROCESS"


class Failing(gymnasium.Env[Any, Any]):
    """Returns zeros."""

    observation_space = spaces.Box(-1.0, 1.0, (3,))
    action_space = spaces.Box(-1.0, 1.0, (1,))

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        """Starts an episode of 50 steps."""
        super().reset(seed=seed)
        self._time = 0
        return np.zeros(3, np.float32), {}

    def step(self, action: Any) -> Any:
        """Fails, or takes a step."""
        self._time += 1
        if self._time == 30 and os.environ.get(FAILS_IN) == os.environ.get(PROCESS):
            raise RuntimeError("it broke")
        return np.zeros(3, np.float32), 1.0, False, self._time == 50, {}


def make() -> Failing:
    """Makes one."""
    return Failing()
