"""Measures updates whose batch is split over processes, against updates of one process on its part of the batch.

    python -m benchmarks.devices [--size size1m] [--batch 8] [--updates 10] [--turns 3] [--json FILE]

Every process runs on one core. In turns: one process alone updates on ``--batch`` windows; two at once do the same
without knowing of each other; two share batches of twice as many windows over loopback. The ideal time of the last is
the time of the first: its share is the throughput divided by twice that of one process. Times are medians of updates.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CASES = {"alone": 1, "side by side": 2, "shared batch": 2}


def main() -> None:
    """Runs all cases in turns, prints a table and writes JSON."""
    options = _options()
    if options.child is not None:
        print(json.dumps(_child(options)))
        return
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(options.turns):
        for name in CASES:
            times[name].append(_measure(name, options))
            print(f"{name:14} {times[name][-1]:8.0f} ms", flush=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    share = statistics.median(a / b for a, b in zip(times["alone"], times["shared batch"], strict=True))
    beside = statistics.median(a / b for a, b in zip(times["side by side"], times["shared batch"], strict=True))
    print(f"share of the ideal {share:.2f}; of two processes without communication {beside:.2f}")
    if options.json:
        about = {"size": options.size, "batch": options.batch, "updates": options.updates, "load": os.getloadavg()}
        found = {"about": about, "ms": times, "median ms": medians, "share": share, "share side by side": beside}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _measure(name: str, options: argparse.Namespace) -> float:
    """Returns the median time of an update in milliseconds; of the slowest process."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        address = f"localhost:{probe.getsockname()[1]}"
    words = ["--size", options.size, "--batch", str(options.batch), "--updates", str(options.updates)]
    words += ["--address", address if name == "shared batch" else ""]
    command = [sys.executable, "-m", "benchmarks.devices", *words]
    started = [
        subprocess.Popen([*command, "--child", str(number)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in range(CASES[name])
    ]
    answers = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit(f"{name}: a process failed")
    return float(max(json.loads(answer.splitlines()[-1])["ms"] for answer in answers))


def _child(options: argparse.Namespace) -> dict[str, Any]:
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[options.child]})
    import jax
    import numpy as np

    if options.address:
        jax.distributed.initialize(options.address, 2, options.child)
    from benchmarks.update_worker import walker_spec
    from dreamerguard_agent.replay.buffer import empty_ring
    from dreamerguard_agent.runtime import compiled, updates
    from dreamerguard_agent.runtime.faults import fault_terms, no_faults
    from dreamerguard_agent.runtime.split_updates import BatchShape, SplitUpdates

    length, rows = 64, 200
    spec = walker_spec(options.size, "float32")
    state, ring = compiled.initial_state(spec, [0]), empty_ring(spec, 1, options.batch, rows)
    faults = no_faults(1, options.batch, fault_terms(spec))
    run: Any
    if options.address:
        shape = BatchShape(2 * options.batch, length)
        run = SplitUpdates(spec, 0, state, ring, jax.devices(), shape, faults)
    else:
        run = jax.jit(lambda *given: updates.scan_updates(spec, length, *given), donate_argnums=(1, 2))
    seed, times = compiled.place_seeds([0]), []
    starts = np.random.default_rng(options.child).integers(0, rows - length - 1, options.batch)
    chosen = jax.device_put(np.stack([np.arange(options.batch), starts], -1).astype(np.int32)[None])
    for _ in range(options.updates + 2):
        began = time.perf_counter()
        state, ring, metrics, faults = run(seed, state, ring, chosen, np.int32(rows), faults)
        jax.block_until_ready((state, metrics))
        times.append(time.perf_counter() - began)
    return {"ms": 1000 * statistics.median(times[2:])}


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--size", default="size1m")
    made.add_argument("--batch", type=int, default=8, help="windows of each process")
    made.add_argument("--updates", type=int, default=10)
    made.add_argument("--turns", type=int, default=3)
    made.add_argument("--json", type=Path)
    made.add_argument("--child", type=int, help=argparse.SUPPRESS)
    made.add_argument("--address", default="", help=argparse.SUPPRESS)
    return made.parse_args()


if __name__ == "__main__":
    main()
