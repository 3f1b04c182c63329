"""Compares the speed of the ways to run environments: dm_control's loop, native ones in threads and processes, EnvPool.

    python -m benchmarks.env_speed [--tasks walker_walk cheetah_run] [--envs 4 16 64] [--workers 1 2] [--json FILE]

All ways run from this process, in turns of a fraction of a second, so that a busy machine slows all of them equally.
Three figures per way, each the median over the turns:

- control steps per second;
- speed relative to dm_control's loop: the ratio of wall-clock time within a turn;
- scaling: the time of the same way with the first number of workers over its time, within a turn.

The ways in this process also state control steps per second of one core: steps over processor time, which other
programs disturb least. `physics` repeats only MuJoCo's share of the work in separate processes that share nothing: what
more workers can gain on this machine at most. EnvPool is measured where it is installed (``pip install envpool``).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import mujoco

from benchmarks.env_ways import BASE, Way, ways_of

TASKS = ("walker_walk", "cheetah_run", "humanoid_walk")


def main() -> None:
    """Measures, prints a table and writes JSON."""
    options = _options()
    rows = []
    print(f"{'task':18}{'envs':>5}  {'way':22}{'steps/s':>10}{'per core':>10}{'x loop':>8}{'scaling':>8}")
    for task in options.tasks:
        for envs in options.envs:
            for row in measure(task, envs, options.workers, options.turns, options.seconds):
                rows.append(row)
                core = row["steps_per_core_second"]
                print(
                    f"{task:18}{envs:5}  {row['way']:22}{row['steps_per_second']:10,.0f}"
                    f"{f'{core:,.0f}' if core else '-':>10}{row['ratio']:8.2f}{row['scaling']:8.2f}",
                    flush=True,
                )
    if options.json:
        about: dict[str, Any] = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        about |= {"mujoco": mujoco.__version__, "python": platform.python_version(), "load": os.getloadavg()}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def measure(task: str, envs: int, workers: list[int], turns: int, seconds: float) -> list[dict[str, Any]]:
    """Times every way on one task.

    Args:
      task: task without ``dmc_``.
      envs: environments.
      workers: numbers of threads or processes; scaling is relative to the first.
      turns: turns of each way.
      seconds: approximate length of a turn of the slowest way.

    Returns:
      A row per way.
    """
    ways = ways_of(task, envs, workers)
    for way in ways:
        way.advance(20)  # episodes begin, bodies fall to the ground
    per_step = max(_time(way, 20)[1] for way in ways) / 20
    steps = max(5, int(seconds / per_step))
    times: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
    for _ in range(turns):
        for way in ways:
            times[way.name].append(_time(way, steps))
    for way in ways:
        way.close()
    return [_row(task, envs, way, steps * envs, times) for way in ways]


def _time(way: Way, steps: int) -> tuple[float, float]:
    """Returns the processor and wall-clock seconds of some vector steps."""
    wall, processor = time.perf_counter(), time.process_time()
    way.advance(steps)
    return time.process_time() - processor, time.perf_counter() - wall


def _row(task: str, envs: int, way: Way, steps: int, times: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    spent = times[way.name]

    def ratio(other: str) -> float:
        pairs = zip(times[other], spent, strict=True)
        return statistics.median(theirs[1] / ours[1] for theirs, ours in pairs)

    return {
        "task": task,
        "envs": envs,
        "way": way.name,
        "steps_per_second": steps / statistics.median(wall for _, wall in spent),
        "steps_per_core_second": steps / statistics.median(cpu for cpu, _ in spent) if way.here else None,
        "ratio": ratio(BASE),
        "scaling": ratio(way.single),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), help="tasks without dmc_")
    parser.add_argument("--envs", nargs="+", type=int, default=[4, 16, 64], help="numbers of environments")
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2], help="numbers of threads or processes")
    parser.add_argument("--turns", type=int, default=9, help="turns of each way")
    parser.add_argument("--seconds", type=float, default=0.2, help="approximate length of a turn of the slowest way")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
