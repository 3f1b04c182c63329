"""Environments of Gymnasium by their ids: the suite ``gym:ID``.

Differences from danijar/dreamerv3 at e3f0224 (`embodied/envs/from_gym.py`), which calls the older gym: ``terminated``
and ``truncated`` are apart, resets are seeded, images are resized, and every value is checked.
"""

from __future__ import annotations

import importlib
from typing import Any

from dreamerguard.schema import RunConfig

from ..protocol import EnvError
from .shared.foreign_code import describe, environment_code
from .shared.gym_adapter import GymEnv, Presentation

#: Namespace of ids -> package that registers them when it is imported.
_REGISTERED_BY = {"ALE": "ale_py"}


def make(name: str, config: RunConfig, seed: int) -> GymEnv:
    """Makes the environment of a run; see `GymEnv`.

    Args:
      name: the id, for example ``CartPole-v1``; ``package:ID-v0`` imports a package that registers the id.
      config: the run; `env` is read.
      seed: seed of the first reset.

    Raises:
      EnvError: the id does not exist, its packages are not installed, or nothing can be learned from it.
    """
    return GymEnv(make_gymnasium(name, config), f"gym:{name}", seed, Presentation.of_run(config))


def make_watched(name: str, config: RunConfig, seed: int) -> GymEnv:
    """Makes the environment of a run so that it can be shown, where its ``render_mode`` allows it; see `make`.

    Raises:
      EnvError: as `make`.
    """
    return GymEnv(make_shown(name, config), f"gym:{name}", seed, Presentation.of_run(config))


def make_shown(name: str, config: RunConfig) -> Any:
    """Calls `make_gymnasium` with ``render_mode=rgb_array``, or without it where the environment does not take it.

    Raises:
      EnvError: the environment cannot be made.
    """
    kwargs = {**config.env.kwargs, "render_mode": "rgb_array"}
    shown = config.model_copy(update={"env": config.env.model_copy(update={"kwargs": kwargs})})
    try:
        return make_gymnasium(name, shown)
    except EnvError:
        return make_gymnasium(name, config)


def make_gymnasium(name: str, config: RunConfig) -> Any:
    """Calls ``gymnasium.make`` with ``env.kwargs``. Images of ``env.observation=vision`` need ``render_mode``.

    Raises:
      EnvError: the environment cannot be made.
    """
    import gymnasium

    if (package := _REGISTERED_BY.get(name.partition("/")[0])) is not None:
        with environment_code(f"{name}: importing {package}"):
            gymnasium.register_envs(importlib.import_module(package))
    kwargs = dict(config.env.kwargs)
    if config.env.observation == "vision":
        kwargs.setdefault("render_mode", "rgb_array")
    try:
        return gymnasium.make(name, disable_env_checker=True, **kwargs)
    except (Exception, SystemExit) as error:
        raise EnvError(f"gymnasium cannot make {name}: {describe(error, place=False)}") from error
