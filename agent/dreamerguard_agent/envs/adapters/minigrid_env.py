"""Environments of MiniGrid: the suite ``minigrid:ID``.

MiniGrid's observation ``image`` is no picture: each of 7 x 7 visible cells has a number for its object, its color and
its state. As vectors (``env.observation=proprio``) these 147 numbers become choices, which the networks see as one-hot
vectors. As pixels (``vision``) the visible cells are drawn with 8 pixels each and resized. The mission is text and is
not used; a note says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig

from .gym_env import make_gymnasium, make_shown
from .shared.foreign_code import environment_code
from .shared.gym_adapter import GymEnv, Presentation


def make(name: str, config: RunConfig, seed: int) -> GymEnv:
    """Makes the environment of a run; see `GymEnv`.

    Args:
      name: the id, for example ``MiniGrid-Empty-5x5-v0``.
      config: the run; `env` is read.
      seed: seed of the first reset.

    Raises:
      EnvError: the id does not exist.
    """
    return _made(name, config, seed, watched=False)


def make_watched(name: str, config: RunConfig, seed: int) -> GymEnv:
    """Makes the environment of a run so that it can be shown: the whole grid, with the visible cells marked.

    Raises:
      EnvError: the id does not exist.
    """
    return _made(name, config, seed, watched=True)


def _made(name: str, config: RunConfig, seed: int, watched: bool) -> GymEnv:
    with environment_code(f"minigrid:{name}: importing minigrid"):
        import minigrid.wrappers  # registers the ids
    vision = config.env.observation == "vision"
    plain = config.model_copy(update={"env": config.env.model_copy(update={"observation": "proprio"})})
    env = make_shown(name, plain) if watched else make_gymnasium(name, plain)
    with environment_code(f"minigrid:{name}: its wrapper"):
        env = minigrid.wrappers.RGBImgPartialObsWrapper(env) if vision else _as_choices(env)
    return GymEnv(env, f"minigrid:{name}", seed, Presentation.of_run(plain))


def _as_choices(env: Any) -> Any:
    """Wraps an environment so that the numbers of its cells are choices."""
    import gymnasium
    from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX, STATE_TO_IDX

    parts = env.observation_space.spaces
    choices = 1 + max(*OBJECT_TO_IDX.values(), *COLOR_TO_IDX.values(), *STATE_TO_IDX.values())
    cells = gymnasium.spaces.MultiDiscrete(np.full(int(np.prod(parts["image"].shape)), choices))
    spaces = gymnasium.spaces.Dict({**parts, "image": cells})

    def flatten(seen: dict[str, Any]) -> dict[str, Any]:
        return {**seen, "image": np.asarray(seen["image"]).reshape(-1)}

    return gymnasium.wrappers.TransformObservation(env, flatten, spaces)
