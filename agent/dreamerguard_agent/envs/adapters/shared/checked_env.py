"""Checks an environment that follows the trainer's own protocol `Env`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....base.spaces import LOG_PREFIX, ArraySpace
from ...protocol import Array, EnvError, Storable, Values, Watchable, flags
from .foreign_code import describe, environment_code
from .gym_adapter import Presentation
from .observations import RESERVED
from .values import as_array, as_choices, as_flag, as_numbers, as_reward


def checked(env: Any, name: str, presentation: Presentation) -> CheckedEnv:
    """Returns the checked environment, which can be stored if the environment can.

    Raises:
      EnvError: as `CheckedEnv`.
    """
    made = CheckedStorableEnv if isinstance(env, Storable) else CheckedEnv
    return made(env, name, presentation)


class CheckedEnv:
    """A custom `Env` whose every value is checked against its spaces.

    Action repeat and time limit of the run apply: an action is repeated, and an episode is cut.

    Args:
      env: the environment.
      name: its name for messages.
      presentation: action repeat and time limit; everything else is the environment's own business.

    Raises:
      EnvError: its spaces are not those of the protocol.
    """

    def __init__(self, env: Any, name: str, presentation: Presentation) -> None:
        self._env, self._name, self._shown = env, name, presentation
        with environment_code(f"{name}: reading its spaces"):
            self._obs_space = _checked_spaces(name, "obs_space", env.obs_space, ("reward", *_FLAGS))
            self._act_space = _checked_spaces(name, "act_space", env.act_space, ("reset",))
        if both := sorted(self._obs_space.keys() & self._act_space.keys()):
            raise EnvError(f"{name}: `{both[0]}` is an observation and an action; rename one")
        self._done, self._frames = True, 0

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations; see `Env`."""
        return self._obs_space

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions; see `Env`."""
        return self._act_space

    def step(self, action: Mapping[str, Any]) -> Values:
        """Acts for some frames, or starts an episode; see `Env`.

        Raises:
          EnvError: the environment failed, or returned what the protocol does not allow.
        """
        if action["reset"] or self._done:
            self._done, self._frames = False, 0
            values = self._once({**action, "reset": np.asarray(True)})
            if not values["is_first"] or values["is_last"] or values["reward"] != 0:
                raise EnvError(f"{self._name}: the first step of an episode has is_first, not is_last, and reward 0")
            return values
        reward = np.float32(0.0)
        for _ in range(self._shown.repeat):
            values = self._once(action)
            reward += np.float32(values["reward"])
            self._frames += 1
            if values["is_first"]:
                raise EnvError(f"{self._name}: is_first in the middle of an episode")
            cut = 0 < self._shown.time_limit <= self._frames
            if values["is_last"] or cut:
                break
        self._done = bool(values["is_last"]) or cut
        return {**values, **flags(reward, False, self._done, bool(values["is_terminal"]))}

    def frame(self) -> Array:
        """Renders the current state for people, if the environment can; see `Watchable`.

        Raises:
          EnvError: it has no picture.
        """
        if not isinstance(self._env, Watchable):
            raise EnvError(f"{self._name}: it has no frame()")
        with environment_code(f"{self._name}: frame()"):
            image = np.asarray(self._env.frame())
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise EnvError(f"{self._name}: frame() returned {image.dtype} {image.shape}, not uint8 [height, width, 3]")
        return image

    def close(self) -> None:
        """Closes the environment. Errors are ignored: nothing depends on it any more."""
        try:
            self._env.close()
        except Exception:
            return

    def _once(self, action: Mapping[str, Any]) -> Values:
        with environment_code(f"{self._name}: step()"):
            made = self._env.step({key: np.array(value) for key, value in action.items()})
        if not isinstance(made, Mapping):
            raise EnvError(f"{self._name}: step() returned {type(made).__name__}, not a dict by key")
        missing = [key for key in (*self._obs_space, "reward", *_FLAGS) if key not in made]
        if missing:
            raise EnvError(f"{self._name}: step() returned no `{missing[0]}`")
        try:
            values = {key: _value(key, space, made[key]) for key, space in self._obs_space.items()}
            ended = {key: as_flag(key, made[key]) for key in _FLAGS}
            return {**values, **flags(as_reward(made["reward"]), *ended.values())}
        except EnvError as error:
            raise EnvError(f"{self._name}: {error}") from error


class CheckedStorableEnv(CheckedEnv):
    """A `CheckedEnv` with a state that can be stored, so that a resumed run continues its episodes."""

    def state(self) -> Values:
        """Returns the environment's state with the counters; see `Storable`.

        Raises:
          EnvError: the environment failed, or its state is not made of arrays by name.
        """
        with environment_code(f"{self._name}: state()"):
            inner = {f"env.{key}": np.asarray(value) for key, value in self._env.state().items()}
        for key, value in inner.items():
            if value.dtype.kind not in "biuf":
                raise EnvError(f"{self._name}: state()[{key.removeprefix('env.')!r}] is no array of numbers")
        return {**inner, "done": np.asarray(self._done), "frames": np.asarray(self._frames)}

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`; see `Storable`.

        Raises:
          ValueError: the environment cannot restore it.
        """
        try:
            self._env.load({key[4:]: value for key, value in state.items() if key.startswith("env.")})
        except Exception as error:
            raise ValueError(f"{self._name}: load() raised {describe(error)}") from error
        self._done, self._frames = bool(state["done"]), int(state["frames"])


_FLAGS = ("is_first", "is_last", "is_terminal")


def _checked_spaces(name: str, which: str, spaces: Any, own: tuple[str, ...]) -> dict[str, ArraySpace]:
    """Returns spaces by key, without the keys that every environment has.

    Raises:
      EnvError: they are not `ArraySpace` by name, or there is none.
    """
    if not isinstance(spaces, Mapping):
        raise EnvError(f"{name}: {which} is {type(spaces).__name__}, not a dict of ArraySpace by key")
    kept = {key: space for key, space in spaces.items() if key not in own}
    for key, space in kept.items():
        if not isinstance(key, str) or not isinstance(space, ArraySpace):
            raise EnvError(f"{name}: {which}[{key!r}] is {type(space).__name__}, not an ArraySpace")
        if key.startswith(LOG_PREFIX) and space.width != 1:
            raise EnvError(f"{name}: {which}[{key!r}] is recorded and must be a single number")
        if key in RESERVED and which == "obs_space":
            raise EnvError(f"{name}: {which}[{key!r}] has a name that the trainer uses itself; rename it")
        if space.image and any(side % 16 for side in space.shape[:2]):
            raise EnvError(f"{name}: {which}[{key!r}] has {space.shape[:2]} pixels; sides must be multiples of 16")
    if not kept:
        raise EnvError(f"{name}: {which} has no key")
    return kept


def _value(key: str, space: ArraySpace, value: Any) -> Any:
    named, dtype = f"observation `{key}`", np.dtype(space.dtype)
    array = as_array(named, value, space.shape, dtype)
    if space.image:
        if array.dtype != np.uint8:
            raise EnvError(f"{named} is {array.dtype}; an image is uint8")
        return array
    if space.discrete:
        return as_choices(named, array, 0, space.classes, space)
    return as_numbers(named, array, space.shape).astype(dtype)
