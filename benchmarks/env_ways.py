"""Ways to run environments of one task of dm_control, for `env_speed`."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig
from dreamerguard_agent.envs import SerialEnvs, VectorEnv
from dreamerguard_agent.envs.dmc.adapter import DMControl
from dreamerguard_agent.envs.dmc.native import NativeEnvs
from dreamerguard_agent.envs.vector.process import ProcessEnvs

BASE = "dm_control"


@dataclass(frozen=True)
class Way:
    """A way to run E environments.

    Attributes:
      name: shown in the table.
      single: name of the same way with the first number of workers.
      advance: makes so many vector steps.
      close: frees what it holds.
      here: whether all work is done in this process.
    """

    name: str
    single: str
    advance: Callable[[int], None]
    close: Callable[[], None]
    here: bool = True


def ways_of(task: str, envs: int, workers: list[int]) -> list[Way]:
    """Makes all ways for a task.

    Args:
      task: task without ``dmc_``.
      envs: environments.
      workers: numbers of threads or processes.
    """
    seeds = list(range(envs))
    ways = [_vector(BASE, BASE, SerialEnvs([DMControl(task, seed=seed) for seed in seeds]))]
    config = RunConfig(task=f"dmc_{task}")

    def family(kind: str, unit: str, make: Callable[[int, str, str], Way]) -> None:
        single = f"{kind}, {workers[0]} {unit}"
        for count in workers:
            name = f"{kind}, {count} {unit}{'s' if unit == 'thread' and count > 1 else ''}"
            ways.append(make(min(count, envs), name, single))

    family("native", "thread", lambda n, name, one: _vector(name, one, NativeEnvs(task, seeds, threads=n)))
    family("native", "proc.", lambda n, name, one: _vector(name, one, ProcessEnvs(config, 0, 0, envs, n), here=False))
    family("physics", "proc.", lambda n, name, one: _physics(name, one, task, envs, n))
    try:
        import envpool
    except ImportError:
        return ways
    family("EnvPool", "thread", lambda n, name, one: _envpool(name, one, envpool, task, envs, n))
    return ways


def _vector(name: str, single: str, env: VectorEnv, here: bool = True) -> Way:
    shape = env.act_space["action"].shape
    actions = np.random.default_rng(0).uniform(-1, 1, (64, len(env), *shape)).astype(np.float32)
    never = np.zeros(len(env), bool)

    def advance(steps: int) -> None:
        for number in range(steps):
            env.step({"action": actions[number % len(actions)]}, never)

    return Way(name, single, advance, env.close, here)


def _envpool(name: str, single: str, envpool: Any, task: str, envs: int, threads: int) -> Way:
    title = "".join(part.capitalize() for part in task.split("_"))
    env = envpool.make(f"{title}-v1", env_type="dm", num_envs=envs, num_threads=threads, seed=0)
    size = env.action_spec().shape
    actions = np.random.default_rng(0).uniform(-1, 1, (64, envs, *size))
    env.reset()

    def advance(steps: int) -> None:
        for number in range(steps):
            env.step(actions[number % len(actions)])

    return Way(name, single, advance, env.close)


def _physics(name: str, single: str, task: str, envs: int, processes: int) -> Way:
    """MuJoCo's steps alone, in processes that share nothing and are told only when to begin."""
    context = multiprocessing.get_context("spawn")
    pipes, children = [], []
    for number in range(processes):
        ours, theirs = context.Pipe()
        share = len(range(number, envs, processes))
        child = context.Process(target=_step_physics, args=(theirs, task, share), daemon=True)
        child.start()
        pipes.append(ours)
        children.append(child)
    for pipe in pipes:
        pipe.recv()

    def advance(steps: int) -> None:
        for pipe in pipes:
            pipe.send(steps)
        for pipe in pipes:
            pipe.recv()

    def close() -> None:
        for pipe in pipes:
            pipe.send(0)
        for child in children:
            child.join()

    return Way(name, single, advance, close, here=False)


def _step_physics(pipe: Connection, task: str, envs: int) -> None:
    from dreamerguard_agent.envs.dmc.library import load_task
    from dreamerguard_agent.envs.dmc.physics import stepper

    loaded = [load_task(task, seed, None, render=False)[1] for seed in range(envs)]
    for env in loaded:
        env.reset()
    advances = [stepper(env.physics, env._n_sub_steps) for env in loaded]
    pipe.send(0)
    while steps := pipe.recv():
        for _ in range(steps):
            for advance in advances:
                advance()
        pipe.send(0)
