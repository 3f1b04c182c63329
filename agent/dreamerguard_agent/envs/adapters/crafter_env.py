"""Crafter, as danijar/dreamerv3 plays it at e3f0224 (`embodied/envs/crafter.py`).

| rule | lines | value |
| --- | --- | --- |
| image | 11, `configs.yaml` 32 | 64 x 64, color |
| reward | 13 | ``reward``: achievements and changes of health; ``noreward``: always 0 |
| ``log/reward`` | 69 | the reward of ``reward``, also for ``noreward`` |
| ``log/achievement_*`` | 73-77 | how often each achievement was unlocked in this episode |
| end of an episode | 46, 52 | death, or 10,000 steps (Crafter's own limit) |
| ``is_terminal`` | 53 | where ``info["discount"]`` is 0: a death, not the limit |

Crafter 1.8.3 is not reproducible by its seed: it keeps the creatures of an area in a set, in the order of their
addresses in memory, and draws from it which one disappears. Here the set keeps the order in which they came
(`crafter_state`). The draws and their probabilities stay the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import crafter
import numpy as np

from dreamerguard.schema import RunConfig

from ...base.spaces import ArraySpace
from ..protocol import Array, EnvError, Values, flags
from .crafter_state import keep_order, read_world, write_world

#: Names of the tasks.
TASKS = ("reward", "noreward")
#: Longest episode, in steps.
LENGTH = 10_000
#: Height and width of a frame for people.
WATCHED = 240
#: Start of the names of the counts of achievements.
ACHIEVEMENT = "log/achievement_"


def make(name: str, config: RunConfig, seed: int) -> Crafter:
    """Makes the environment of a run; see `Crafter`.

    Args:
      name: ``reward`` or ``noreward``.
      config: the run; `env` is read.
      seed: seed of the worlds.

    Raises:
      EnvError: there is no such task, the run wants no images, or the images are too small.
    """
    env = config.env
    if env.observation != "vision":
        raise EnvError(f"{config.task} has only images; remove env.observation={env.observation}")
    if name not in TASKS:
        raise EnvError(f"crafter has no task `{name}`; it has crafter_reward and crafter_noreward")
    length = min(LENGTH, env.time_limit or LENGTH)
    return Crafter(reward=name == "reward", repeat=env.action_repeat, size=env.image_size, length=length, seed=seed)


class Crafter:
    """Crafter, as an `Env`.

    Args:
      reward: whether there are rewards; if not, the agent gets 0.
      repeat: steps for which an action is repeated; 1 in every publication.
      size: height and width of the image.
      length: longest episode, in steps of Crafter.
      seed: seed of the worlds.
    """

    def __init__(
        self, *, reward: bool = True, repeat: int = 1, size: int = 64, length: int = LENGTH, seed: int = 0
    ) -> None:
        self._env = crafter.Env(size=(size, size), reward=reward, length=length, seed=seed)
        keep_order(self._env)
        self._repeat, self._size = repeat, size
        self._keys = {name: f"{ACHIEVEMENT}{name}" for name in crafter.constants.achievements}
        self._done = True

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """The image, [size, size, 3], and the numbers for the logs; see `Env`."""
        logged = {key: ArraySpace("float32") for key in ("log/reward", *self._keys.values())}
        return {"image": ArraySpace("uint8", (self._size, self._size, 3)), **logged}

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """The number of one of the 17 actions; see `Env`."""
        return {"action": ArraySpace("int32", classes=len(crafter.constants.actions))}

    def step(self, action: Mapping[str, Any]) -> Values:
        """Acts, or starts an episode in a new world; see `Env`.

        Raises:
          EnvError: Crafter has no such action.
        """
        if action["reset"] or self._done:
            self._done = False
            return self._observe(self._env.reset(), {}, 0.0) | flags(0.0, True, False, False)
        number = int(action["action"])
        if not 0 <= number < len(crafter.constants.actions):
            raise EnvError(f"action {number} does not exist: crafter has actions 0 to 16")
        reward = true_reward = 0.0
        for _ in range(self._repeat):
            image, gained, over, info = self._env.step(number)
            reward, true_reward = reward + gained, true_reward + info["reward"]
            if over:
                break
        self._done = bool(over)
        values = self._observe(image, info["achievements"], true_reward)
        return values | flags(reward, False, self._done, info["discount"] == 0)

    def state(self) -> Values:
        """Returns world, creatures, player and random state; see `Storable`."""
        return {**read_world(self._env), "done": np.asarray(self._done)}

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`; see `Storable`.

        Raises:
          ValueError: another version of Crafter stored the state.
        """
        write_world(self._env, state)
        self._done = bool(state["done"])

    def frame(self) -> Array:
        """Draws what the agent sees with more pixels; see `Watchable`. The world stays as it is."""
        random = self._env._world.random  # the dark is drawn from the world's own random numbers
        before = random.get_state()
        try:
            return np.ascontiguousarray(self._env.render((WATCHED, WATCHED)))
        finally:
            random.set_state(before)

    def close(self) -> None:
        """Does nothing: Crafter holds no resources."""

    def _observe(self, image: Array, achievements: Mapping[str, int], reward: float) -> Values:
        counts = {key: np.asarray(achievements.get(name, 0), np.float32) for name, key in self._keys.items()}
        return {"image": np.ascontiguousarray(image), "log/reward": np.asarray(reward, np.float32), **counts}
