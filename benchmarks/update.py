"""Times one gradient update, by size, type and variant, and compares it with other training programs.

    python -m benchmarks.update --size size1m size12m --variant fast readable --seeds 1 4 [--json FILE]
    python -m benchmarks.update --peer danijar=/path/to/checkout=/path/to/its/environment/bin/python

Peers are danijar, r2dreamer and torchrl; ``peer_*.py`` beside this file list the needs of their environments.

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
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass
class Worker:
    """A process that does updates on request."""

    name: str
    process: subprocess.Popen[str]
    about: dict[str, Any] = field(default_factory=dict)
    turns: list[list[list[float]]] = field(default_factory=list)
    peak_gib: float = 0.0

    @classmethod
    def start(cls, name: str, command: list[str]) -> Worker:
        """Starts a worker and waits until its update is compiled."""
        print(f"compiling {name}", file=sys.stderr, flush=True)
        pipe = subprocess.PIPE
        worker = cls(name, subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT))
        worker.about = worker._read()
        return worker

    def run(self, updates: int) -> list[list[float]]:
        """Does ``updates`` updates and returns wall-clock and processor seconds of each."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{updates}\n")
        self.process.stdin.flush()
        answer = self._read()
        self.peak_gib = answer["peak_gib"]
        times: list[list[float]] = answer["times"]
        return times

    def stop(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended early with status {self.process.wait()}; its output is above")
        message: dict[str, Any] = json.loads(line)
        return message


def main() -> None:
    """Measures, prints a table and writes JSON."""
    options = _options()
    workers = [Worker.start(name, command) for name, command in commands(options)]
    for worker in workers:
        worker.run(options.warmup)
    for _ in range(-(-options.updates // options.turn)):
        for worker in workers:
            worker.turns.append(worker.run(options.turn))
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
        about |= {"batch": options.batch, "length": options.length}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def commands(options: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Returns the name and command line of every worker."""
    found = []
    shape = ["--batch", str(options.batch), "--length", str(options.length)]
    for size, dtype in itertools.product(options.size, options.dtype):
        settings = ["--size", size, "--dtype", dtype, *shape]
        for variant, seeds in itertools.product(options.variant, options.seeds):
            own = [sys.executable, "-m", "benchmarks.update_worker", *settings, "--variant", variant]
            name = f"dreamerguard {size} {dtype} {variant}" + (f", {seeds} seeds" if seeds > 1 else "")
            found.append((name, [*own, "--seeds", str(seeds)]))
        for peer in options.peer:
            name, checkout, python = peer.split("=")
            script = str(ROOT / "benchmarks" / f"peer_{name}.py")
            device = ["--cpu"] if os.environ.get("JAX_PLATFORMS") == "cpu" or not shutil.which("nvidia-smi") else []
            command = [python, script, "--checkout", checkout, *settings, *device]
            found.append((f"{name} {size} {dtype}", command))
    return found


def summary(worker: Worker, base: Worker) -> dict[str, Any]:
    """Returns the medians of one worker, and the median over turns of its ratio to the base."""
    wall, cpu = ([time[kind] for turn in worker.turns for time in turn] for kind in (0, 1))

    def ratio(kind: int) -> float:
        pairs = zip(worker.turns, base.turns, strict=True)
        return statistics.median(sum(t[kind] for t in ours) / sum(t[kind] for t in first) for ours, first in pairs)

    return {
        "name": worker.name,
        "wall_ms": 1e3 * statistics.median(wall),
        "wall_ms_min": 1e3 * min(wall),
        "cpu_ms": 1e3 * statistics.median(cpu),
        "wall_ratio": ratio(0),
        "cpu_ratio": ratio(1),
        "peak_gib": worker.peak_gib,
        **worker.about,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Times one gradient update.")
    parser.add_argument("--size", nargs="+", default=["size1m"])
    parser.add_argument("--dtype", nargs="+", default=["float32"])
    parser.add_argument("--variant", nargs="+", default=["fast"], choices=("fast", "readable"))
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[1], help="numbers of agents that one update trains at once"
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
