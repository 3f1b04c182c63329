"""A user's own environment: ``env.make=module:function``, or the name of an entry point. See docs/environments.md."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from dreamerguard.schema import RunConfig

from ..protocol import Env, EnvError
from .shared.checked_env import checked
from .shared.foreign_code import describe, environment_code
from .shared.gym_adapter import GymEnv, Presentation

#: Group of entry points whose names ``env.make`` may be.
GROUP = "dreamerguard.envs"


def make(name: str, config: RunConfig, seed: int) -> Env:
    """Makes the environment of a run with the function that ``env.make`` names.

    The function gets ``env.kwargs``, and the task's name and the seed if it has parameters ``task`` and ``seed``. It
    returns an environment of Gymnasium, or an object that follows `Env`.

    Args:
      name: the task.
      config: the run; `env` is read.
      seed: seed of the first reset.

    Raises:
      EnvError: the function does not exist or fails, or it returns something else.
    """
    return _made(name, config, {"task": name, "seed": seed}, {})


def make_watched(name: str, config: RunConfig, seed: int) -> Env:
    """Makes the environment of a run so that it can be shown; see `make`.

    A function with a parameter ``render_mode`` gets ``rgb_array``.

    Raises:
      EnvError: as `make`.
    """
    return _made(name, config, {"task": name, "seed": seed}, {"render_mode": "rgb_array"})


def _made(name: str, config: RunConfig, given: dict[str, Any], forced: dict[str, Any]) -> Env:
    """Makes an environment with the arguments ``given`` that the function takes; ``forced`` precede ``env.kwargs``."""
    maker, seed = load_maker(str(config.env.make)), int(given["seed"])
    taken = _parameters(maker)
    named = f"env.make={config.env.make}"
    with environment_code(named):
        first = {key: value for key, value in given.items() if key in taken}
        last = {key: value for key, value in forced.items() if key in taken}
        made = maker(**first | dict(config.env.kwargs) | last)
        follows = hasattr(made, "obs_space") and hasattr(made, "act_space")
    presentation = Presentation.of_run(config)
    return checked(made, name, presentation) if follows else GymEnv(made, name, seed, presentation)


def load_maker(text: str) -> Callable[..., Any]:
    """Returns the function that ``module:function`` or the name of an entry point stands for.

    The working directory is searched after all installed packages, so no file in it can replace one of them.

    Raises:
      EnvError: it cannot be loaded.
    """
    module, colon, path = text.partition(":")
    if not colon:
        return _entry_point(text)
    if not module or not path or not all(part.isidentifier() for part in [*module.split("."), *path.split(".")]):
        raise EnvError(f"env.make={text} must be module:function, for example env.make=my_envs:make")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            raise EnvError(
                f"env.make={text}: there is no module {error.name}, neither installed nor in {here}. Start the run in"
                " the folder of the module, or install it"
            ) from error
        raise EnvError(f"env.make={text}: importing {module} raised {describe(error)}") from error
    except (Exception, SystemExit) as error:
        raise EnvError(f"env.make={text}: importing {module} raised {describe(error)}") from error
    target: Any = found
    for part in path.split("."):
        target = getattr(target, part, None)
    if not callable(target):
        where = getattr(found, "__file__", None) or module
        raise EnvError(f"env.make={text}: {where} has no function {path}")
    return target


def _entry_point(name: str) -> Callable[..., Any]:
    known = entry_points(group=GROUP)
    if name not in known.names:
        listed = f"; installed are {', '.join(sorted(known.names))}" if known.names else ""
        raise EnvError(
            f"env.make={name} is no entry point of the group {GROUP}{listed}."
            " A function of a module is written module:function"
        )
    with environment_code(f"env.make={name}"):
        loaded: Callable[..., Any] = known[name].load()
    if not callable(loaded):
        raise EnvError(f"env.make={name}: the entry point is {type(loaded).__name__}, not a function")
    return loaded


def _parameters(maker: Callable[..., Any]) -> frozenset[str]:
    """Returns the names of the parameters of a function; none if they cannot be read."""
    try:
        found = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    return frozenset(item.name for item in found if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY))
