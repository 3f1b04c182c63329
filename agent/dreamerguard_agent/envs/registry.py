"""Makes one environment of a configuration by the suite of its task. Imports an adapter only when it is needed."""

from __future__ import annotations

import difflib
import importlib
from typing import cast

from dreamerguard.schema import RunConfig
from dreamerguard.schema.suites import SUITES, RunnableSuite, missing_packages, suite_of

from .protocol import Env, EnvError

#: Prefix of a suite -> module of its adapter. Such a module has a function ``make(name, config, seed)``, which returns
#: an `Env`: `name` is the task without the suite, `config` is the run, `seed` is the seed of this environment's resets.
#: A function ``make_watched`` with these arguments is optional; its environment is `Watchable`.
ADAPTERS = {"dmc": "dmc.adapter"}


def make_by_task(config: RunConfig, seed: int) -> Env:
    """Makes an environment.

    Args:
      config: the run; `task` and `env` are read.
      seed: seed of the environment's resets.

    Raises:
      EnvError: the task does not exist, its suite is unknown or not installed, or images cannot be rendered.
    """
    suite = suite_for(config)
    adapter = importlib.import_module(f".{ADAPTERS[suite.prefix]}", __package__)
    return cast(Env, adapter.make(suite.name_of(config.task), config, seed))


def make_watched(config: RunConfig, seed: int) -> Env:
    """Makes an environment as `make_by_task` does, a `Watchable` one where the adapter can.

    Rendering may have to be chosen before a library is imported, so this must be the first environment of a process.

    Raises:
      EnvError: as `make_by_task`, or nothing can be rendered here.
    """
    suite = suite_for(config)
    adapter = importlib.import_module(f".{ADAPTERS[suite.prefix]}", __package__)
    make = getattr(adapter, "make_watched", adapter.make)
    return cast(Env, make(suite.name_of(config.task), config, seed))


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
