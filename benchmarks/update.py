"""Times one gradient update, by size, type and variant, and compares it with other training programs.

    python -m benchmarks.update --size size1m size12m --variant fast readable --seeds 1 4 [--json FILE]
    python -m benchmarks.update --peer danijar=/path/to/checkout=/path/to/its/environment/bin/python
    python -m benchmarks.update --observations pixels --size size12m --peer danijar=...

Peers are danijar, r2dreamer and torchrl (pixels: danijar only); ``peer_*.py`` beside this file list the needs of their
environments.

One call runs all compared programs: one process each, compiled first, then requested to do updates in turns, so that a
busy machine slows all of them equally. Per row: medians of wall-clock and processor time over all updates after a
warm-up, the ratio to the first row (median over turns of the ratio within a turn), and the peak memory of the process,
including compilation.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import sys
from pathlib import Path

from benchmarks.workers import ROOT, Worker, WorkerEnded, summary


def main() -> None:
    """Measures, prints a table and writes JSON."""
    options = _options()
    workers = []
    try:
        for name, command in commands(options):
            print(f"compiling {name}", file=sys.stderr, flush=True)
            workers.append(Worker.launch(name, command))
            workers[-1].wait()
        _measure(workers, options)
    except WorkerEnded as ended:
        raise SystemExit(str(ended)) from None
    rows = [summary(worker, workers[0]) for worker in workers]
    for worker in workers:
        worker.stop()
    print(
        f"{'update':44}{'ms':>9}{'cpu ms':>9}{'x ms':>7}{'x cpu':>7}{'peak GiB':>10}{'parameters':>12}{'compile s':>11}"
    )
    for row in rows:
        print(
            f"{row['name']:44}{row['wall_ms']:9.0f}{row['cpu_ms']:9.0f}{row['wall_ratio']:7.2f}{row['cpu_ratio']:7.2f}"
            f"{row['peak_gib']:10.2f}{row['parameters']:12,}{row['compile_s']:11.1f}"
        )
    if options.json:
        about = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        about |= {"python": platform.python_version(), "load": os.getloadavg(), "updates": options.updates}
        about |= {"batch": options.batch, "length": options.length, "observations": options.observations}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def _measure(workers: list[Worker], options: argparse.Namespace) -> None:
    for worker in workers:
        worker.run(options.warmup)
    for _ in range(-(-options.updates // options.turn)):
        for worker in workers:
            worker.turns.append(worker.run(options.turn))


def commands(options: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Returns the name and command line of every worker."""
    found = []
    shape = ["--batch", str(options.batch), "--length", str(options.length)]
    seen = " pixels" if options.observations == "pixels" else ""
    for size, dtype in itertools.product(options.size, options.dtype):
        settings = ["--size", size, "--dtype", dtype, *shape, "--observations", options.observations]
        for variant, seeds in itertools.product(options.variant, options.seeds):
            own = [sys.executable, "-m", "benchmarks.update_worker", *settings, "--variant", variant]
            name = f"dreamerguard {size} {dtype}{seen} {variant}" + (f", {seeds} seeds" if seeds > 1 else "")
            found.append((name, [*own, "--seeds", str(seeds)]))
        for peer in options.peer if dtype != "mixed" else ():  # a compute type of the bundled trainer alone
            name, checkout, python = peer.split("=")
            script = str(ROOT / "benchmarks" / f"peer_{name}.py")
            device = ["--cpu"] if os.environ.get("JAX_PLATFORMS") == "cpu" or not shutil.which("nvidia-smi") else []
            command = [python, script, "--checkout", checkout, *settings, *device]
            found.append((f"{name} {size} {dtype}{seen}", command))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Times one gradient update.")
    parser.add_argument("--size", nargs="+", default=["size1m"])
    parser.add_argument("--dtype", nargs="+", default=["float32"])
    parser.add_argument("--variant", nargs="+", default=["fast"], choices=("fast", "readable"))
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[1], help="numbers of agents that one update trains at once"
    )
    parser.add_argument(
        "--observations", default="vectors", choices=("vectors", "pixels"), help="pixels: one image of 64 x 64 colors"
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--updates", type=int, default=30)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--turn", type=int, default=2, help="updates of one program per turn")
    parser.add_argument("--peer", nargs="*", default=[], metavar="NAME=CHECKOUT=PYTHON")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
