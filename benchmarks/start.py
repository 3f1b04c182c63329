"""Measures the time from process start to the first gradient update, with and without compiled programs on disk.

    python -m benchmarks.start [--size size1m] [--task dmc_walker_walk] [--json FILE]

Every start is a separate process that trains like `dreamerguard train` and stops after its first update. "cold" begins
with an empty folder of compiled programs, "warm" with the folder that the previous start filled. Times count from the
launch of the process, including imports; memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dreamerguard.schema import RunConfig


def main() -> None:
    """Runs one cold and ``--warm`` warm starts, prints a table and writes JSON."""
    options = _options()
    if options.child:
        print(json.dumps(start(options, time.time() - options.child)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for name in ("cold", *["warm"] * options.warm):
            began = time.time()
            command = [sys.executable, "-m", "benchmarks.start", *sys.argv[1:], "--child", str(began), "--cache", cache]
            done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
            if done.returncode:
                sys.exit(done.stderr)
            rows.append({"start": name, **json.loads(done.stdout.splitlines()[-1])})
            _show(rows[-1])
    if options.json:
        about = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        about |= {"load": os.getloadavg(), "size": options.size, "task": options.task}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


class Watch:
    """Records the start of each phase and the end of the first update."""

    def __init__(self, launched: float) -> None:
        self.launched, self.updated = launched, False
        self.phases: list[tuple[str, float]] = []

    def phase(self, text: str) -> None:
        """Records the start of a phase."""
        self.phases.append((text, time.time() - self.launched))

    def metrics(self, row: Mapping[str, float]) -> None:
        """Records the end of the first update: its metrics have reached the host."""
        if row["updates"] and not self.updated:
            self.updated = True
            self.phase("first update done")

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def start(options: argparse.Namespace, imported: float) -> dict[str, Any]:
    """Trains until the first update; returns seconds from the launch to every phase, processor time and memory."""
    from dreamerguard_agent import loop
    from dreamerguard_agent.runtime import device

    watch = Watch(options.child)
    settings = {"task": options.task, "size": options.size, "logging": {"every": 1e-3, "tensorboard": False}}
    config = RunConfig.model_validate({**settings, "checkpoint": {"replay": False}})
    config = config.model_copy(update={"model": config.model.model_copy(update=widths(options.size))})
    device.configure(config.runtime, Path(options.cache))
    with tempfile.TemporaryDirectory() as directory:
        loop.train(config, Path(directory), watch, lambda: watch.updated)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "schema_imported": imported,
        "phases": watch.phases,
        "first_update_s": watch.phases[-1][1],
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_gib": usage.ru_maxrss / 2**20,
    }


def widths(size: str) -> dict[str, int]:
    """Returns the model widths of a named size."""
    from dreamerguard.schema.sizes import SIZES

    return dict(SIZES[size])  # type: ignore[index]


def _show(row: dict[str, Any]) -> None:
    print(
        f"{row['start']}: {row['first_update_s']:.1f} s, {row['cpu_s']:.1f} s of processor, {row['peak_gib']:.2f} GiB"
    )
    for text, seconds in row["phases"]:
        print(f"  {seconds:7.1f} s  {text}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Times the start of training.")
    parser.add_argument("--size", default="size1m")
    parser.add_argument("--task", default="dmc_walker_walk")
    parser.add_argument("--warm", type=int, default=1, help="number of starts with compiled programs on disk")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument("--cache", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
