"""Makes the environments of a configuration. Imports adapters only when they are needed."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from dreamerguard.schema import RunConfig

from .protocol import Env, EnvError, VectorEnv
from .registry import has_native, kind_of_tasks, make_by_task, suite_for
from .vector.joined import JoinedEnvs
from .vector.serial import SerialEnvs
from .vector.supervision import Supervision
from .vector.thread_pool import cores

#: What `native` cannot do of tasks that it runs, by pattern.
_NOT_NATIVE = {
    "dmc_*": "cannot render images",
    "envpool:ID": "repeats actions only of Atari games, has no env.time_limit and cannot render images",
}


def env_seed(seed: int, index: int) -> int:
    """Returns the seed of environment `index` of the agent with `seed`: reproducible, different for every pair."""
    return int(np.random.SeedSequence((seed, index)).generate_state(1)[0])


def make_env(config: RunConfig, index: int, seed: int) -> Env:
    """Makes environment number `index` of the agent with `seed`.

    Args:
      config: the run; `task` and `env` are read.
      index: number of the environment within its agent, from 0.
      seed: seed of the agent; resets of the environment follow from `seed` and `index` alone.

    Raises:
      EnvError: the task does not exist, the trainer does not run its suite, or images cannot be rendered.
    """
    return make_by_task(config, env_seed(seed, index))


def make_envs(
    config: RunConfig, first: int, seed: int, count: int | None = None, supervision: Supervision | None = None
) -> VectorEnv:
    """Makes environments `first`, `first` + 1, ... of the agent with `seed`, run by ``env.backend``.

    Every backend gives equal results. ``auto`` selects native for vectors of dm_control, which works for every task of
    the suite, and for EnvPool; else processes, because a process renders one image at a time.

    Args:
      config: the run.
      first: number of the first environment within its agent.
      seed: seed of the agent.
      count: number of environments; None: ``run.envs``.
      supervision: the run, for environments in other processes.

    Raises:
      EnvError: as `make_env`, or the backend cannot run this task.
    """
    count = config.run.envs if count is None else count
    native = has_native(config)
    backend: str = config.env.backend
    if backend == "auto":
        backend = _automatic(config, count)
    if backend == "serial":
        return _serial(config, first, seed, count)
    if backend == "process":
        from .vector.process import ProcessEnvs

        return ProcessEnvs(config, first, seed, count, min(count, config.env.workers or cores()), supervision)
    if not native:
        tasks = kind_of_tasks(config)
        what = _NOT_NATIVE.get(tasks, f"cannot run {tasks}")
        raise EnvError(f"env.backend=native {what}; set env.backend to auto, process or serial")
    return _native(config, [env_seed(seed, first + number) for number in range(count)])


def make_agent_envs(
    config: RunConfig,
    first: int,
    seeds: Sequence[int],
    count: int | None = None,
    supervision: Supervision | None = None,
) -> VectorEnv:
    """Makes ``count`` environments for every agent, [N count, ...] in total.

    Each agent gets the environments of `make_envs` for its seed. Native physics of all agents share one thread pool.

    Args:
      config: the run.
      first: number of the first environment within its agent.
      seeds: seeds of the agents.
      count: environments per agent; None: ``run.envs``.
      supervision: the run, for environments in other processes.

    Raises:
      EnvError: as `make_envs`.
    """
    if len(seeds) == 1:
        return make_envs(config, first, seeds[0], count, supervision)
    count = config.run.envs if count is None else count
    if has_native(config) and config.env.backend in ("auto", "native"):
        return _native(config, [env_seed(seed, first + number) for seed in seeds for number in range(count)])
    made: list[VectorEnv] = []
    try:
        for seed in seeds:
            made.append(make_envs(config, first, seed, count, supervision))
    except BaseException:
        for envs in made:
            envs.close()
        raise
    return JoinedEnvs(made)


def _serial(config: RunConfig, first: int, seed: int, count: int) -> VectorEnv:
    made: list[Env] = []
    try:
        for number in range(count):
            made.append(make_env(config, first + number, seed))
        return SerialEnvs(made)
    except BaseException as error:
        for env in made:
            env.close()
        if isinstance(error, ValueError):
            raise EnvError(f"{config.task}: {error}") from error
        raise


def _native(config: RunConfig, seeds: list[int]) -> VectorEnv:
    suite, threads = suite_for(config), config.env.workers
    name = suite.name_of(config.task)
    if suite.prefix == "envpool":
        from .adapters.envpool_env import make_pool

        return make_pool(name, config, seeds, threads or min(cores(), len(seeds)))
    from .dmc.native import NativeEnvs

    return NativeEnvs(name, seeds, repeat=config.env.action_repeat, threads=threads)


def _automatic(config: RunConfig, count: int) -> str:
    if has_native(config):
        return "native"
    return "process" if min(count, config.env.workers or cores()) > 1 and os.name == "posix" else "serial"
