"""Measures frames and updates per second of whole training runs: environments, replay, acting and updates together.

    python -m benchmarks.frames [--tasks dmc_walker_walk] [--seeds 1 4] [--ratios 512 32] [--json FILE]

Each run is a process that trains like `dreamerguard train`, for ``--seconds`` from its first update. Frames of all its
agents are added up. Model widths are those of the size, all other settings are the task's defaults.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.start import widths
from dreamerguard.schema import RunConfig


class Watch:
    """Records the first metrics after the first update and the last metrics within the time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.first: tuple[float, float, float] | None = None
        self.last: tuple[float, float, float] | None = None

    def metrics(self, row: Mapping[str, float]) -> None:
        """Records one row of metrics."""
        if row["updates"]:
            now = time.perf_counter(), row["frames"], row["updates"]
            self.first, self.last = self.first or now, now

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.first is not None and time.perf_counter() - self.first[0] > self.seconds

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Measures one run in this process."""
    from dreamerguard_agent import loop
    from dreamerguard_agent.runtime.device import configure

    watch = Watch(options.seconds)
    settings = {"task": options.tasks[0], "size": options.size, "seeds": options.seeds[0]}
    settings |= {"run": {"train_ratio": options.ratios[0]}, "checkpoint": {"replay": False}}
    settings |= {"logging": {"every": 0.5, "tensorboard": False}}
    config = RunConfig.model_validate(settings)
    config = config.model_copy(update={"model": config.model.model_copy(update=widths(options.size))})
    device = configure(config.runtime)["device"]
    with tempfile.TemporaryDirectory() as directory:
        loop.train(config, Path(directory), watch, lambda: watch.over)
    assert watch.first is not None and watch.last is not None
    seconds, frames, updates = (after - before for after, before in zip(watch.last, watch.first, strict=True))
    many = options.seeds[0]
    return {"device": device, "frames_per_s": many * frames / seconds, "updates_per_s": many * updates / seconds}


def main() -> None:
    """Runs every combination, prints a table and writes JSON."""
    options = _options()
    if options.child:
        print(json.dumps(train(options)))
        return
    rows = []
    for task, ratio, seeds in itertools.product(options.tasks, options.ratios, options.seeds):
        words = ["--tasks", task, "--ratios", str(ratio), "--seeds", str(seeds), "--size", options.size]
        command = [sys.executable, "-m", "benchmarks.frames", *words, "--seconds", str(options.seconds), "--child"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
        if done.returncode:
            sys.exit(done.stderr)
        rows.append({"task": task, "ratio": ratio, "seeds": seeds, **json.loads(done.stdout.splitlines()[-1])})
        print(
            f"{task} {options.size} ratio {ratio:g}, {seeds} seeds:"
            f" {rows[-1]['frames_per_s']:.0f} frames/s, {rows[-1]['updates_per_s']:.2f} updates/s",
            flush=True,
        )
    if options.json:
        about = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "size": options.size}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Times whole training runs.")
    parser.add_argument("--tasks", nargs="+", default=["dmc_walker_walk"])
    parser.add_argument("--size", default="size1m")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--ratios", type=float, nargs="+", default=[512.0, 32.0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
