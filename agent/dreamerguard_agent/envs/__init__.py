"""Environments of the trainer: the protocol, and one adapter per suite, imported when it is needed."""

from __future__ import annotations

import difflib

import numpy as np

from dreamerguard.schema import RunConfig

from .protocol import Array, Env, EnvError, Values, VectorEnv, flags
from .serial import SerialEnvs

__all__ = ["SUITES", "Array", "Env", "EnvError", "SerialEnvs", "Values", "VectorEnv", "env_seed", "flags", "make_env"]

#: Prefixes of task names that the trainer runs.
SUITES = ("dmc",)


def env_seed(seed: int, index: int) -> int:
    """The seed of environment `index` of the agent with `seed`: reproducible, different for every pair."""
    return int(np.random.SeedSequence((seed, index)).generate_state(1)[0])


def make_env(config: RunConfig, index: int, seed: int) -> Env:
    """Makes environment number `index` of the agent with `seed`.

    Args:
      config: the run; `task` and `env` are read.
      index: number of the environment within its agent, from 0.
      seed: seed of the agent; resets of the environment follow from `seed` and `index` alone.

    Raises:
      EnvError: no such task, a suite that the trainer does not run, or no way to render.
    """
    suite, _, task = config.task.partition("_")
    if suite not in SUITES or not task:
        raise EnvError(_unknown_suite(config.task, suite))
    from .dmc import DMControl

    env = config.env
    return DMControl(
        task,
        repeat=env.action_repeat,
        seed=env_seed(seed, index),
        image_size=env.image_size if env.observation == "vision" else None,
        camera=env.camera,
    )


def _unknown_suite(task: str, suite: str) -> str:
    runs = ", ".join(f"{name}_*" for name in SUITES)
    hint = difflib.get_close_matches(suite, SUITES, n=1, cutoff=0.5)
    meant = f" Did you mean {hint[0]}_{task.partition('_')[2]}?" if hint and hint[0] != suite else ""
    return (
        f"the bundled trainer does not run task `{task}`: it runs {runs}, DeepMind Control tasks such as"
        f" dmc_walker_walk.{meant} Training commands of other programs can be started under `dreamerguard guard`."
    )
