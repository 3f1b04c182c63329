"""Environments of EnvPool by their ids: the suite ``envpool:ID``. Each is a pool of one, or all are in one pool.

Facts of envpool 1.2.5 that matter here, as measured:

- A pool starts the next episode by itself: the step after the end ignores its action. Its reward is 0 in classic
  control, and in dm_control the last reward again. Here an episode always starts with ``reset()``, so no step of a pool
  follows an end, and the first reward of an episode is 0.
- ``frame_skip`` of dm_control and MuJoCo counts steps of the physics, 10 for the control step of walker, and does not
  change the length of an episode. For Atari it counts frames and pools the last two. So `env.action_repeat` sets it for
  Atari, repeats actions for all others, and ``env.kwargs.frame_skip`` is refused.
- Atari stacks four gray images. The agent remembers earlier ones, so a single image is the default here.
- Boxes without bounds have a low bound of 2.2e-308 in dm_control. Observations are not scaled, so it is not used.
- Seeds are 32-bit integers with a sign; equal seeds give equal episodes, also in a pool with a list of seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig

from ..protocol import EnvError
from .envpool_pool import PoolEnvs, joined, part, quietly, spaces_of
from .shared.foreign_code import describe, environment_code
from .shared.gym_adapter import GymEnv, Presentation

#: Frames of an Atari episode; the pool counts agent steps.
ATARI_FRAMES = 108_000
#: Settings of a pool that the trainer chooses.
_OURS = ("num_envs", "batch_size", "env_type", "seed", "frame_skip")


class OneOfPool:
    """A pool of one environment with the functions of a single Gymnasium environment.

    Args:
      pool: the pool, made with ``env_type="gymnasium"`` and ``num_envs=1``.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.observation_space, self.action_space = spaces_of(pool)
        self._done = True

    def reset(self) -> tuple[Any, dict[str, Any]]:
        """Starts an episode, also in the middle of one."""
        self._done = False
        return part(self._pool.reset()[0], 0), {}

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Acts once. A step after the end of an episode would be a reset, so it is an error.

        Raises:
          RuntimeError: the episode has ended.
        """
        if self._done:
            raise RuntimeError("step() without reset()")
        made, reward, terminated, truncated, _ = self._pool.step(joined([action]))
        self._done = bool(terminated[0] or truncated[0])
        return part(made, 0), reward[0], terminated[0], truncated[0], {}

    def render(self) -> Any:
        """Returns the picture, uint8 [height, width, 3]; needs ``render_mode="rgb_array"``."""
        shown = self._pool.render()
        return shown[0] if isinstance(shown, np.ndarray) and shown.ndim == 4 else shown

    def close(self) -> None:
        """Ends the threads of the pool."""
        self._pool.close()


def make(name: str, config: RunConfig, seed: int) -> GymEnv:
    """Makes the environment of a run; see `GymEnv`.

    Args:
      name: the id, for example ``Pong-v5`` or ``WalkerWalk-v1``.
      config: the run; `env` is read.
      seed: seed of all resets.

    Raises:
      EnvError: the id does not exist, or a setting cannot be used.
    """
    return _made(name, config, seed, watched=False)


def make_watched(name: str, config: RunConfig, seed: int) -> GymEnv:
    """Makes the environment of a run so that it can be shown; see `make`.

    Raises:
      EnvError: as `make`.
    """
    return _made(name, config, seed, watched=True)


def make_pool(name: str, config: RunConfig, seeds: Sequence[int], threads: int) -> PoolEnvs:
    """Makes all environments of a run in one pool, which steps them in ``threads`` threads.

    Args:
      name: the id.
      config: the run, for which `fits_pool` holds.
      seeds: seeds of the resets, one per environment.
      threads: threads of the pool; ``env.kwargs.num_threads`` precedes it.

    Raises:
      EnvError: as `make`.
    """
    pool, presentation = _pool_of(name, config, seeds, threads, watched=False)
    try:
        return PoolEnvs(pool, len(seeds), f"envpool:{name}", presentation)
    except BaseException:
        pool.close()
        raise


def fits_pool(name: str, config: RunConfig) -> bool:
    """Returns whether the environments of a run can be in one pool: it acts once a step and ends no episode itself.

    Raises:
      EnvError: as `make`.
    """
    presentation = pool_settings(_known(name, config), config)[1]
    return presentation.repeat == 1 and presentation.time_limit == 0 and not presentation.rendered


def _made(name: str, config: RunConfig, seed: int, watched: bool) -> GymEnv:
    pool, presentation = _pool_of(name, config, [seed], 1, watched=watched)
    return GymEnv(OneOfPool(pool), f"envpool:{name}", seed, presentation)


def _pool_of(
    name: str, config: RunConfig, seeds: Sequence[int], threads: int, *, watched: bool
) -> tuple[Any, Presentation]:
    """Makes a pool. Returns it, and how its environments are presented."""
    kwargs, presentation = pool_settings(_known(name, config), config)
    if watched or presentation.rendered:
        kwargs["render_mode"] = "rgb_array"
    placed = [seed % 2**31 for seed in seeds]
    kwargs |= {"env_type": "gymnasium", "num_envs": len(seeds), "seed": placed if len(seeds) > 1 else placed[0]}
    import envpool

    try:
        return quietly(envpool.make, name, **{"num_threads": threads, **kwargs}), presentation
    except (Exception, SystemExit) as error:
        raise EnvError(f"envpool cannot make {name}: {describe(error, place=False)}") from error


def _known(name: str, config: RunConfig) -> Mapping[str, Any]:
    """Returns the settings of an environment's pool with their defaults, after a look at those of the run."""
    with environment_code(f"envpool:{name}: importing envpool"):
        import envpool
    if name not in envpool.list_all_envs():
        raise EnvError(f"envpool has no environment {name}; envpool.list_all_envs() lists them")
    for key in _OURS:
        if key in config.env.kwargs:
            instead = "use env.action_repeat" if key == "frame_skip" else "the trainer chooses it"
            raise EnvError(f"envpool:{name}: env.kwargs.{key} cannot be set; {instead}")
    known: Mapping[str, Any] = quietly(envpool.make_spec, name).config._asdict()
    if known["max_num_players"] > 1:
        raise EnvError(f"envpool:{name} has {known['max_num_players']} players; the trainer trains a single agent")
    return known


def pool_settings(known: Mapping[str, Any], config: RunConfig) -> tuple[dict[str, Any], Presentation]:
    """Returns the settings of a pool, and how its environment is presented.

    Args:
      known: settings of the environment's pool with their defaults.
      config: the run.
    """
    presentation = Presentation.of_run(config)
    kwargs: dict[str, Any] = {"stack_num": 1} if "stack_num" in known else {}
    if "repeat_action_probability" in known:  # Atari: the pool repeats the action and pools the last two frames
        repeat = presentation.repeat
        kwargs |= {"frame_skip": repeat, "max_episode_steps": -(-ATARI_FRAMES // repeat)}
        presentation = replace(presentation, repeat=1, time_limit=-(-presentation.time_limit // repeat))
    return kwargs | dict(config.env.kwargs), presentation
