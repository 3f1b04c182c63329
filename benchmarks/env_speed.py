"""Compares the speed of the ways to run environments with dm_control's loop.

    python benchmarks/env_speed.py [--tasks walker_walk cartpole_swingup] [--envs 1 4 16] [--json FILE]

All ways run in this process, in turns of a fraction of a second, so that a busy machine slows all of them equally. Two
figures per way, each the median over the turns:

- control steps per second of one core: steps over processor time, which other programs disturb least;
- speed relative to dm_control: ratio of processor time within a turn, and of wall-clock time, which shows the gain of
  threads on free cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from dreamerguard_agent.envs import SerialEnvs, VectorEnv
from dreamerguard_agent.envs.dmc.adapter import DMControl
from dreamerguard_agent.envs.dmc.native import NativeEnvs

TASKS = ("walker_walk", "cartpole_swingup", "humanoid_walk", "cheetah_run", "hopper_hop")
BASE = "dm_control"


def main() -> None:
    """Measures, prints a table and writes JSON."""
    options = _options()
    rows = []
    print(f"{'task':18}{'envs':>5}  {'way':18}{'steps/s/core':>13}{'x core':>8}{'x wall':>8}")
    for task in options.tasks:
        for envs in options.envs:
            for row in measure(task, envs, options.threads, options.turns, options.seconds):
                rows.append(row)
                print(
                    f"{task:18}{envs:5}  {row['way']:18}{row['steps_per_core_second']:13,.0f}"
                    f"{row['core_ratio']:8.2f}{row['wall_ratio']:8.2f}",
                    flush=True,
                )
    if options.json:
        about = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        about |= {"mujoco": mujoco.__version__, "python": platform.python_version(), "load": os.getloadavg()}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def measure(task: str, envs: int, threads: list[int], turns: int, seconds: float) -> list[dict[str, Any]]:
    """Times every way on one task.

    Args:
      task: task without ``dmc_``.
      envs: environments.
      threads: numbers of threads of native environments.
      turns: turns of each way.
      seconds: approximate length of a turn of dm_control.

    Returns:
      A row per way: control steps per second of processor time, and the speed relative to dm_control.
    """
    seeds = list(range(envs))
    makers: dict[str, Callable[[], VectorEnv]] = {
        BASE: lambda: SerialEnvs([DMControl(task, seed=seed) for seed in seeds])
    }
    for count in threads:
        makers[f"native, {count} thread{'s' * (count > 1)}"] = lambda count=count: NativeEnvs(
            task, seeds, threads=count
        )
    ways = {name: make() for name, make in makers.items()}
    shape = ways[BASE].act_space["action"].shape
    actions = np.random.default_rng(0).uniform(-1, 1, (64, envs, *shape)).astype(np.float32)
    for env in ways.values():
        _steps(env, actions, 20)  # episodes begin, bodies fall to the ground
    steps = max(5, int(20 * seconds / _steps(ways[BASE], actions, 20)[1]))
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, env in ways.items():
            times[name].append(_steps(env, actions, steps))
    for env in ways.values():
        env.close()
    return [_row(task, envs, name, steps * envs, spent, times[BASE]) for name, spent in times.items()]


def _steps(env: VectorEnv, actions: Any, count: int) -> tuple[float, float]:
    """Returns the processor and wall-clock seconds of `count` vector steps."""
    never = np.zeros(len(env), bool)
    wall, processor = time.perf_counter(), time.process_time()
    for number in range(count):
        env.step({"action": actions[number % len(actions)]}, never)
    return time.process_time() - processor, time.perf_counter() - wall


def _row(
    task: str, envs: int, way: str, steps: int, spent: list[tuple[float, float]], base: list[tuple[float, float]]
) -> dict[str, Any]:
    pairs = list(zip(base, spent, strict=True))
    return {
        "task": task,
        "envs": envs,
        "way": way,
        "steps_per_core_second": steps / statistics.median(processor for processor, _ in spent),
        "core_ratio": statistics.median(theirs[0] / ours[0] for theirs, ours in pairs),
        "wall_ratio": statistics.median(theirs[1] / ours[1] for theirs, ours in pairs),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compares the speed of native environments with dm_control.")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), help="tasks without dmc_")
    parser.add_argument("--envs", nargs="+", type=int, default=[1, 4, 16], help="numbers of parallel environments")
    parser.add_argument(
        "--threads", nargs="+", type=int, default=[1, 2], help="numbers of threads of native environments"
    )
    parser.add_argument("--turns", type=int, default=9, help="turns of each way")
    parser.add_argument("--seconds", type=float, default=0.2, help="approximate length of a turn of dm_control")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
