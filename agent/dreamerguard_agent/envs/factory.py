"""Makes the environments of a configuration. Imports adapters only when they are needed."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence

import numpy as np

from dreamerguard.schema import RunConfig

from .joined import JoinedEnvs
from .protocol import Env, EnvError, VectorEnv
from .serial import SerialEnvs
from .supervision import Supervision
from .thread_pool import cores

#: Prefixes of task names that the trainer runs.
SUITES = ("dmc",)


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
    task, env = _suite_task(config), config.env
    from .dmc import DMControl

    return DMControl(
        task,
        repeat=env.action_repeat,
        seed=env_seed(seed, index),
        image_size=env.image_size if env.observation == "vision" else None,
        camera=env.camera,
    )


def make_envs(
    config: RunConfig, first: int, seed: int, count: int | None = None, supervision: Supervision | None = None
) -> VectorEnv:
    """Makes environments `first`, `first` + 1, ... of the agent with `seed`, run by ``env.backend``.

    Every backend gives equal results. ``auto`` selects native for vectors, which works for every task of the suite, and
    processes for images, because a process renders one image at a time.

    Args:
      config: the run.
      first: number of the first environment within its agent.
      seed: seed of the agent.
      count: number of environments; None: ``run.envs``.
      supervision: the run, for environments in other processes.

    Raises:
      EnvError: as `make_env`, or the backend cannot run this task.
    """
    task, count = _suite_task(config), config.run.envs if count is None else count
    backend: str = config.env.backend
    if backend == "auto":
        backend = _automatic(config, count)
    if backend == "serial":
        return SerialEnvs([make_env(config, first + number, seed) for number in range(count)])
    if backend == "process":
        from .process import ProcessEnvs

        return ProcessEnvs(config, first, seed, count, min(count, config.env.workers or cores()), supervision)
    if config.env.observation == "vision":
        raise EnvError("env.backend=native cannot render images; set env.backend to auto, process or serial")
    from .native import NativeEnvs

    seeds = [env_seed(seed, first + number) for number in range(count)]
    return NativeEnvs(task, seeds, repeat=config.env.action_repeat, threads=config.env.workers)


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
    if config.env.observation == "proprio" and config.env.backend in ("auto", "native"):
        from .native import NativeEnvs

        numbers = [env_seed(seed, first + number) for seed in seeds for number in range(count)]
        task = config.task.partition("_")[2]
        return NativeEnvs(task, numbers, repeat=config.env.action_repeat, threads=config.env.workers)
    made: list[VectorEnv] = []
    try:
        for seed in seeds:
            made.append(make_envs(config, first, seed, count, supervision))
    except BaseException:
        for envs in made:
            envs.close()
        raise
    return JoinedEnvs(made)


def _automatic(config: RunConfig, count: int) -> str:
    if config.env.observation == "proprio":
        return "native"
    return "process" if min(count, config.env.workers or cores()) > 1 and os.name == "posix" else "serial"


def _suite_task(config: RunConfig) -> str:
    suite, _, task = config.task.partition("_")
    if suite not in SUITES or not task:
        raise EnvError(_unknown_suite(config.task, suite))
    return task


def _unknown_suite(task: str, suite: str) -> str:
    runs = ", ".join(f"{name}_*" for name in SUITES)
    hint = difflib.get_close_matches(suite, SUITES, n=1, cutoff=0.5)
    meant = f" Did you mean {hint[0]}_{task.partition('_')[2]}?" if hint and hint[0] != suite else ""
    return (
        f"the bundled trainer does not run task `{task}`: it runs {runs}, DeepMind Control tasks such as"
        f" dmc_walker_walk.{meant} Training commands of other programs can be started under `dreamerguard guard`."
    )
