"""Makes one environment of a configuration by the suite of its task. Imports an adapter only when it is needed."""

from __future__ import annotations

import difflib
import importlib
from typing import Any, cast

from dreamerguard.schema import RunConfig
from dreamerguard.schema.suites import SUITES, RunnableSuite, missing_packages, suite_of

from .protocol import Env, EnvError

#: Prefix of a suite -> module of its adapter. Such a module has a function ``make(name, config, seed)``, which returns
#: an `Env`: `name` is the task without the suite, `config` is the run, `seed` is the seed of this environment's resets.
#: A function ``make_watched`` with these arguments is optional: what `make` returns cannot be shown without a setting.
ADAPTERS = {
    "dmc": "dmc.adapter",
    "gym": "adapters.gym_env",
    "minigrid": "adapters.minigrid_env",
    "envpool": "adapters.envpool_env",
    "atari": "adapters.atari",
    "atari100k": "adapters.atari",
    "crafter": "adapters.crafter_env",
}
#: Module of the adapter of environments that `env.make` makes. It has the same function.
CUSTOM = "adapters.custom"


def make_by_task(config: RunConfig, seed: int) -> Env:
    """Makes an environment.

    Args:
      config: the run; `task` and `env` are read.
      seed: seed of the environment's resets.

    Raises:
      EnvError: the task does not exist, its suite is unknown or not installed, or images cannot be rendered.
    """
    adapter, name = _adapter(config)
    return cast(Env, adapter.make(name, config, seed))


def has_native(config: RunConfig) -> bool:
    """Returns whether one object can step all environments of a run: vectors of the DeepMind Control suite, EnvPool.

    Raises:
      EnvError: as `suite_for`, or EnvPool has no such environment.
    """
    if config.env.make is not None:
        return False
    suite = suite_for(config)
    if suite.prefix == "envpool":
        adapter, name = _adapter(config)
        return bool(adapter.fits_pool(name, config))
    return suite.prefix == "dmc" and config.env.observation == "proprio"


def kind_of_tasks(config: RunConfig) -> str:
    """Returns what a message calls the tasks of a run: ``dmc_*``, or the maker of a custom environment."""
    return f"env.make={config.env.make}" if config.env.make is not None else suite_for(config).pattern


def make_watched(config: RunConfig, seed: int) -> Env:
    """Makes an environment as `make_by_task` does, so that it can be shown where the environment allows it.

    A `Watchable` may still fail to render; `frame` raises the reason.

    Rendering may have to be chosen before a library is imported, so this must be the first environment of a process.

    Raises:
      EnvError: as `make_by_task`, or nothing can be rendered here.
    """
    adapter, name = _adapter(config)
    return cast(Env, getattr(adapter, "make_watched", adapter.make)(name, config, seed))


def _adapter(config: RunConfig) -> tuple[Any, str]:
    """Returns the module of the adapter, and the task as it names it."""
    if config.env.make is not None:
        name, module = config.task, CUSTOM
    else:
        suite = suite_for(config)
        name, module = suite.name_of(config.task), ADAPTERS[suite.prefix]
    return importlib.import_module(f".{module}", __package__), name


def suite_for(config: RunConfig) -> RunnableSuite:
    """Returns the suite of the task.

    Raises:
      EnvError: the trainer does not run the suite, or one of its packages is not installed.
    """
    suite = suite_of(config.task)
    if suite is None or suite.prefix not in ADAPTERS:
        raise EnvError(_unknown_suite(config.task))
    if missing := missing_packages(suite):
        raise EnvError(
            f"{config.task} needs {' and '.join(missing)}, not installed here;"
            f" install it with `pip install 'dreamerguard[{suite.extra}]'`"
        )
    if suite.prefix == "dmc" and (config.env.kwargs or config.env.time_limit):
        raise EnvError(
            f"env.kwargs and env.time_limit have no effect on {suite.pattern}: dm_control sets the limits of its tasks"
        )
    if suite.separator == "_" and config.env.kwargs:
        raise EnvError(f"env.kwargs has no effect on {suite.pattern}: its settings are those below env")
    return suite


def _unknown_suite(task: str) -> str:
    known = {suite.prefix: suite for suite in SUITES if suite.prefix in ADAPTERS}
    runs = ", ".join(f"{suite.pattern} ({suite.title})" for suite in known.values())
    prefix = task.replace(":", "_").partition("_")[0]
    rest = task[len(prefix) + 1 :]
    near = difflib.get_close_matches(prefix, known, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]}{known[near[0]].separator}{rest}?" if near and near[0] != prefix and rest else ""
    return (
        f"the bundled trainer does not run task `{task}`: it runs {runs}, for example dmc_walker_walk.{meant}"
        " Training commands of other programs can be started under `dreamerguard guard`."
    )
