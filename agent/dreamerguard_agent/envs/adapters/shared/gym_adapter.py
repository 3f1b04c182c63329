"""An environment of Gymnasium as an `Env` of the trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig

from ....base.spaces import ArraySpace
from ...protocol import Array, EnvError, Values, flags
from .actions import Actions
from .foreign_code import environment_code
from .gym_calls import GymCalls
from .images import resize
from .observations import IMAGE, Observations


@dataclass(frozen=True, slots=True)
class Presentation:
    """How the trainer presents a Gymnasium environment to the agent.

    Attributes:
      repeat: frames for which an action is repeated; rewards are summed, the end of the episode stops it.
      time_limit: frames after which an episode is cut, 0 for no limit besides the environment's.
      image_size: height and width of images.
      rendered: whether the only observation is the rendered image.
      action_range: largest number of an action without bounds.
    """

    repeat: int = 1
    time_limit: int = 0
    image_size: int = 64
    rendered: bool = False
    action_range: float = 1.0

    @classmethod
    def of_run(cls, config: RunConfig) -> Presentation:
        """Returns the presentation that a run asks for."""
        env = config.env
        return cls(env.action_repeat, env.time_limit, env.image_size, env.observation == "vision", env.action_range)


class GymEnv:
    """One environment of Gymnasium, or of the older gym, as an `Env`.

    Args:
      env: the environment; closed by `close`.
      name: its name for messages.
      seed: seed of the first reset; later resets follow from it.
      presentation: how it is presented.

    Attributes:
      notes: one line for everything that a user should know about its spaces.

    Raises:
      EnvError: it is no single environment, or nothing can be learned from it.
    """

    def __init__(self, env: Any, name: str, seed: int, presentation: Presentation) -> None:
        self._name, self._shown = name, presentation
        self._calls = GymCalls(env, name, seed)
        with environment_code(f"{name}: its spaces"):
            try:
                self._actions = Actions(self._calls.action_space, presentation.action_range)
                self._observations = self._read_spaces(presentation)
            except EnvError as error:
                raise EnvError(f"{name}: {error}") from error
        known = self._observations
        self.notes = (*self._actions.notes, *(known.notes if known is not None else ()))
        self._done, self._frames = True, 0

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations; see `Env`."""
        if self._observations is not None:
            return self._observations.spaces
        return {IMAGE: ArraySpace("uint8", (self._shown.image_size, self._shown.image_size, 3))}

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions; see `Env`."""
        return self._actions.spaces

    def step(self, action: Mapping[str, Any]) -> Values:
        """Acts for some frames, or starts an episode; see `Env`.

        Raises:
          EnvError: the environment failed, or returned what its spaces do not allow; the message names the key.
        """
        if action["reset"] or self._done:
            self._done, self._frames = False, 0
            return {**self._observe(self._calls.reset()), **flags(0.0, True, False, False)}
        reward = np.float32(0.0)
        for _ in range(self._shown.repeat):
            made = self._calls.step(self._actions.build(action))
            reward += made.reward
            self._frames += 1
            cut = made.truncated or 0 < self._shown.time_limit <= self._frames
            if made.terminated or cut:
                break
        self._done = made.terminated or cut
        return {**self._observe(made.observation), **flags(reward, False, self._done, made.terminated)}

    def frame(self) -> Array:
        """Renders the current state for people; see `Watchable`. Only within an episode.

        Raises:
          EnvError: the environment has no picture.
        """
        return self._picture()

    def close(self) -> None:
        """Closes the environment."""
        self._calls.close()

    def _read_spaces(self, presentation: Presentation) -> Observations | None:
        if presentation.rendered:
            return None
        return Observations(self._calls.observation_space, presentation.image_size)

    def _observe(self, raw: Any) -> Values:
        try:
            if self._observations is not None:
                return self._observations.read(raw)
            return {IMAGE: resize(self._picture(), self._shown.image_size)}
        except EnvError as error:
            raise EnvError(f"{self._name}: {error}") from error

    def _picture(self) -> Array:
        image = self._calls.render()
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            what = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            raise EnvError(f"render() returned {what}, not an image uint8 [height, width, 3]; its render_mode must be"
                           " rgb_array")  # fmt: skip
        return image
