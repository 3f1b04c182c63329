"""DeepMind Control suite with the conventions of danijar/dreamerv3.

Follows `embodied/envs/dmc.py`, `embodied/envs/from_dm.py` and `embodied/core/wrappers.py` at e3f0224.

Two differences are intended. This adapter renders only if images are requested; the reference renders every step.
Actions without limits (the lqr tasks) stay unchanged; the reference stretches them to MuJoCo's largest number, 1e10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig

from ...base.spaces import ArraySpace
from ..protocol import Array, EnvError, Values, check_action, flags
from .library import load_task, stable
from .rendering import no_rendering
from .simulation_state import SimulationStates

#: Default cameras of domains; every other domain uses camera 0 (`embodied/envs/dmc.py`).
CAMERAS = {"quadruped": 2}
#: Height and width of a frame for people.
WATCHED = 240
#: Bound that MuJoCo gives to a control without limits (``mjMAXVAL``).
UNLIMITED = 1e10


def make(name: str, config: RunConfig, seed: int) -> DMControl:
    """Makes the environment of a run; see `DMControl`.

    Args:
      name: the task without ``dmc_``.
      config: the run; `env` is read.
      seed: seed of the resets.

    Raises:
      EnvError: as `DMControl`.
    """
    return _made(name, config, seed, watched=False)


def make_watched(name: str, config: RunConfig, seed: int) -> DMControl:
    """Makes the environment of a run so that it can be shown; see `make` and `Watchable`.

    Raises:
      EnvError: as `DMControl`, or it cannot be rendered.
    """
    made = _made(name, config, seed, watched=True)
    made.frame()
    return made


def _made(name: str, config: RunConfig, seed: int, watched: bool) -> DMControl:
    env = config.env
    return DMControl(
        name,
        repeat=env.action_repeat,
        seed=seed,
        image_size=None if env.observation == "proprio" else env.image_size,
        cameras=(env.camera, *env.cameras),
        vectors=env.observation != "vision",
        watched=watched,
    )


class DMControl:
    """One task of the suite, as an `Env`.

    Args:
      task: domain and task, for example ``walker_walk``; ``cup_catch`` is short for ``ball_in_cup_catch``.
      repeat: frames for which an action is repeated. Rewards are summed; the end of the episode stops the repeat.
      seed: seed of the resets.
      image_size: height and width of rendered images; None: no images.
      cameras: cameras to render, -1 for the default of the domain. The first one gives ``image``, each further one
        ``camera_N``.
      vectors: whether the task's vectors are observed.
      time_limit: seconds of an episode; None: the task's limit.
      watched: whether `frame` may be called.

    Raises:
      EnvError: the task does not exist, or images cannot be rendered.
    """

    def __init__(
        self,
        task: str,
        *,
        repeat: int = 1,
        seed: int = 0,
        image_size: int | None = None,
        cameras: Sequence[int] = (-1,),
        vectors: bool = True,
        time_limit: float | None = None,
        watched: bool = False,
    ) -> None:
        self._task = task
        domain, self._env = load_task(task, seed, time_limit, render=watched or image_size is not None)
        self._states = SimulationStates([self._env])
        self._repeat = repeat
        default = CAMERAS.get(domain[0], 0)
        chosen = _by_key([default if camera == -1 else camera for camera in cameras])
        if image_size or watched:
            _check_cameras(task, chosen.values(), self._env.physics.model)
        self._cameras, self._shown = chosen if image_size else {}, chosen["image"]
        self._done = True
        self._size = image_size or 0
        spec = self._env.action_spec()
        self._limits = action_limits(spec)
        self._act_space = {"action": action_space(spec)}
        self._keys = observation_spaces(self._env.observation_spec()) if vectors else {}
        images = {key: ArraySpace("uint8", (self._size, self._size, 3)) for key in self._cameras}
        self._obs_space = self._keys | images
        self._render()  # fails now, not after the first episode, on a machine that cannot render

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations; see `Env`."""
        return self._obs_space

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """The action, [A] in [-1, 1]; numbers beyond are clipped."""
        return self._act_space

    def step(self, action: Mapping[str, Any]) -> Values:
        """Acts for `repeat` frames, or starts an episode; see `Env`.

        Raises:
          EnvError: the action is not finite, or the simulation became unstable.
        """
        with stable(self._task):
            return self._step(action)

    def _step(self, action: Mapping[str, Any]) -> Values:
        if action["reset"] or self._done:
            self._done = False
            return self._observe(self._env.reset(), 0.0)
        control = self._control(action["action"])
        reward = np.float32(0.0)
        for _ in range(self._repeat):
            now = self._env.step(control)
            reward += np.float32(now.reward)
            if now.last():
                break
        self._done = bool(now.last())
        return self._observe(now, reward)

    def state(self) -> Values:
        """Returns simulation, random state and counters; see `Storable`."""
        return {**self._states.read(), "done": np.asarray(self._done)}

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`; see `Storable`."""
        self._states.write(state)
        self._done = bool(state["done"])

    def frame(self) -> Array:
        """Renders the simulation for people; see `Watchable`. Only with `watched`."""
        return self._rendered(self._shown, WATCHED)

    def close(self) -> None:
        """Frees the physics and the rendering context."""
        self._env.close()

    def _control(self, action: Array) -> Array:
        return to_control(np.asarray(action, np.float32), *self._limits)

    def _observe(self, now: Any, reward: float | np.floating[Any]) -> Values:
        values = {key: np.asarray(now.observation[key], space.dtype) for key, space in self._keys.items()}
        values |= self._render()
        terminal = not now.first() and now.discount == 0
        return {**values, **flags(reward, now.first(), now.last(), terminal)}

    def _render(self) -> Values:
        return {key: self._rendered(camera, self._size) for key, camera in self._cameras.items()}

    def _rendered(self, camera: int, size: int) -> Array:
        try:
            image: Array = self._env.physics.render(size, size, camera_id=camera)
            return image
        except Exception as error:  # every GL backend has its own exceptions, none with a common base
            raise EnvError(no_rendering(error)) from error


def _by_key(cameras: Sequence[int]) -> dict[str, int]:
    """Returns name of the image -> camera. A camera that is named twice is rendered once."""
    first, *others = dict.fromkeys(cameras)
    return {"image": first, **{f"camera_{number}": number for number in others}}


def _check_cameras(task: str, cameras: Iterable[int], model: Any) -> None:
    for camera in cameras:
        if camera >= model.ncam:
            names = ", ".join(f"{number} ({model.camera(number).name})" for number in range(model.ncam))
            raise EnvError(
                f"dmc_{task} has no camera {camera}; its cameras are {names}. See env.camera and env.cameras"
            )


def to_control(action: Array, low: Array, span: Array) -> Array:
    """Converts actions [..., A], float32, clipped to [-1, 1], to controls [..., A], float64.

    Raises:
      ActionNotFinite: an action is not finite.
    """
    check_action(action)
    # Halves in float32 and scales in float64, as the reference, for equal last bits.
    return (np.minimum(np.maximum(action, -1), 1) + np.float32(1)) / 2 * span + low


def action_space(spec: Any) -> ArraySpace:
    """Returns the agent's action space for a task's controls: as many numbers in [-1, 1]."""
    return ArraySpace("float32", tuple(spec.shape), low=-1.0, high=1.0)


def action_limits(spec: Any) -> tuple[Array, Array]:
    """Returns lowest control and span per dimension; -1 and 2 for a control without limits, which stays unchanged."""
    limited = (np.abs(spec.minimum) < UNLIMITED) & (np.abs(spec.maximum) < UNLIMITED)
    low = np.where(limited, spec.minimum, -1.0)
    return low, np.where(limited, spec.maximum, 1.0) - low


def observation_spaces(specs: Mapping[str, Any]) -> dict[str, ArraySpace]:
    """Returns the spaces of a task's vectors, without empty ones. A single number has no dimensions."""
    return {key: ArraySpace("float32", tuple(spec.shape)) for key, spec in specs.items() if np.prod(spec.shape) > 0}
