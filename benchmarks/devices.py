"""Measures updates whose batch is split over two processes, against updates of one process on its part of the batch.

    python -m benchmarks.devices [--size size1m] [--batch 8] [--turns 8] [--turn 3] [--json]

Every process has one core. All are compiled first and then asked for updates in turns, so that a busy machine slows all
cases equally: one process alone on ``--batch`` windows; two at once that do not know of each other; two that share
batches of twice as many windows over loopback. The ideal is that the shared update takes as long as one alone: two
cores then train on twice the windows. The share of the ideal is the time alone divided by the time shared, within a
turn. The two that do not know of each other show how much of the loss is the machine's: caches, memory and clock that
two cores share. Run it on an idle machine; it takes two to four minutes. Exit code 1: the share is below 0.85.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.published import write_result
from benchmarks.serving import own_output, serve
from benchmarks.workers import Worker, WorkerEnded
from dreamerguard_agent.processes.joining import free_port

#: Processes of each case.
CASES = {"alone": 1, "side by side": 2, "shared batch": 2}
#: Share of the ideal that must be reached, updates that are not timed, trained steps of a window, rows of a stream.
LEAST, WARMUP, LENGTH, ROWS = 0.85, 3, 64, 200


def main() -> int:
    """Runs all cases in turns, prints a table and writes JSON. Returns the exit code."""
    options = _options()
    if options.child is not None:
        _child(options)
        return 0
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("two cores are needed: one for each process")
    before = os.getloadavg()
    started: dict[str, list[Worker]] = {}
    try:
        for name in CASES:
            started[name] = _launch(name, options)
            _together(started[name], Worker.wait)
        times = _measure(started, options)
    except WorkerEnded as ended:
        raise SystemExit(str(ended)) from None
    finally:
        for workers in started.values():
            _together(workers, Worker.stop)
    found = result(times)
    for name, median in found["median ms"].items():
        print(f"{name:14} {median:8.0f} ms")
    share, beside = found["share"], found["share side by side"]
    print(f"share of the ideal {share:.2f}; of two processes without communication {beside:.2f}")
    if options.json:
        about = {"size": options.size, "batch": options.batch, "turns": options.turns, "turn": options.turn}
        machine = {"machine": platform.processor() or platform.machine(), "load": before}
        write_result("devices", {"about": about | machine, **found})
    return 0 if share >= LEAST else 1


def result(times: dict[str, list[float]]) -> dict[str, Any]:
    """Returns medians and shares of the times of all cases in milliseconds, by turn."""

    def share(case: str) -> float:
        return statistics.median(a / b for a, b in zip(times[case], times["shared batch"], strict=True))

    medians = {name: statistics.median(values) for name, values in times.items()}
    return {"ms": times, "median ms": medians, "share": share("alone"), "share side by side": share("side by side")}


def _measure(started: dict[str, list[Worker]], options: argparse.Namespace) -> dict[str, list[float]]:
    """Returns the median time of an update in each turn in milliseconds; of the slowest process."""
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for turn in range(options.turns + 1):
        for name, workers in started.items():
            count = options.turn if turn else WARMUP
            found = _together(workers, lambda worker, count=count: worker.run(count))
            if turn:
                walls = [statistics.median(wall for wall, _ in updates) for updates in found]
                times[name].append(1000 * max(walls))
    return times


def _together(workers: list[Worker], action: Any) -> list[Any]:
    """Calls an action for all workers of a case at the same time."""
    with ThreadPoolExecutor(len(workers)) as pool:
        return list(pool.map(action, workers))


def _launch(name: str, options: argparse.Namespace) -> list[Worker]:
    words = [sys.executable, "-m", "benchmarks.devices", "--size", options.size, "--batch", str(options.batch)]
    words += ["--port", str(free_port() if name == "shared batch" else 0)]
    environment = {"JAX_PLATFORMS": "cpu"}
    return [Worker.launch(name, [*words, "--child", str(number)], environment) for number in range(CASES[name])]


def _child(options: argparse.Namespace) -> None:
    """Compiles the update and serves requests until the input ends."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[options.child]})
    answers, began = own_output(), time.perf_counter()
    import jax
    import numpy as np

    if options.port:
        from dreamerguard_agent.base.share import Share
        from dreamerguard_agent.processes.jax_service import connect_devices

        connect_devices(Share(options.child, 2), "127.0.0.1", options.port, everywhere=False, local=None)
    from benchmarks.update_worker import walker_spec
    from dreamerguard.schema import RuntimeSection
    from dreamerguard_agent.replay.buffer import empty_ring
    from dreamerguard_agent.runtime import compiled, device, updates
    from dreamerguard_agent.runtime.faults import fault_terms, no_faults
    from dreamerguard_agent.runtime.split_updates import BatchShape, SplitUpdates

    device.configure(RuntimeSection(platform="cpu"))
    spec = walker_spec(options.size, "float32")
    state, ring = compiled.initial_state(spec, [0]), empty_ring(spec, 1, options.batch, ROWS)
    faults, seed = no_faults(1, options.batch, fault_terms(spec)), compiled.place_seeds([0])
    starts = np.random.default_rng(options.child).integers(0, ROWS - LENGTH - 1, options.batch)
    chosen = jax.device_put(np.stack([np.arange(options.batch), starts], -1).astype(np.int32)[None])
    stored = np.int32(ROWS)
    run: Any
    if options.port:
        run = SplitUpdates(spec, 0, state, ring, jax.devices(), BatchShape(2 * options.batch, LENGTH), faults)
    else:
        update = jax.jit(lambda *given: updates.scan_updates(spec, LENGTH, *given), donate_argnums=(1, 2))
        run = device.compile_program(update.lower(seed, state, ring, chosen, stored, faults))

    def one() -> None:
        nonlocal state, ring, faults
        state, ring, metrics, faults = run(seed, state, ring, chosen, stored, faults)
        jax.block_until_ready((state, metrics))

    serve(one, answers, {"compile_s": time.perf_counter() - began})


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--size", default="size1m")
    made.add_argument("--batch", type=int, default=8, help="windows of each process")
    made.add_argument("--turns", type=int, default=8)
    made.add_argument("--turn", type=int, default=3, help="updates of each case in a turn")
    made.add_argument("--json", action="store_true", help="write benchmarks/results/devices.json")
    made.add_argument("--child", type=int, help=argparse.SUPPRESS)
    made.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    return made.parse_args()


if __name__ == "__main__":
    sys.exit(main())
