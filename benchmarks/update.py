"""Times one gradient update, by size, type and variant, and compares it with other training programs.

    python -m benchmarks.update --size size1m size12m --variant fast readable --seeds 1 4 [--json FILE]
    python -m benchmarks.update --peer danijar=/path/to/checkout=/path/to/its/environment/bin/python
    python -m benchmarks.update --observations pixels --size size12m --peer danijar=...
    python -m benchmarks.update --table [FILE]    # reprints what is stored, as docs/agent.md shows it

Peers are danijar, r2dreamer and torchrl (pixels: danijar only); ``peer_*.py`` beside this file list the needs of their
environments. A peer's row has the versions of its packages, and the commit of its checkout if that is a Git repository.

One call runs all compared programs: one process each, compiled first, then requested to do updates in turns, so that a
busy machine slows all of them equally. Sizes follow one another. Per row: medians of wall-clock and processor time over
all updates after a warm-up, the ratio to the first row of the size (median over turns of the ratio within a turn), and
the peak memory of the process, including compilation.

Use an idle machine: PyTorch's threads wait for each other after every operation, so its programs lose far more than
the others to anything else that runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.update_table import processor, table
from benchmarks.workers import ROOT, Worker, WorkerEnded, summary

RESULTS = ROOT / "benchmarks" / "results" / "update.json"


def main() -> None:
    """Measures, prints a table and writes JSON; or prints what is stored."""
    options = _options()
    if options.table:
        print(table(json.loads(options.table.read_text())))
        return
    about: dict[str, Any] = {"machine": platform.machine(), "processor": processor(), "cores": os.cpu_count()}
    about |= {"python": platform.python_version(), "updates": options.updates, "load": os.getloadavg()}
    about |= {"batch": options.batch, "length": options.length, "observations": options.observations}
    rows: list[dict[str, Any]] = []
    for size in options.size:
        try:
            rows += _measure(size, options)
        except WorkerEnded as ended:
            raise SystemExit(str(ended)) from None
        if options.json:
            options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")
    print(
        f"{'update':44}{'ms':>9}{'cpu ms':>9}{'x ms':>7}{'x cpu':>7}{'peak GiB':>10}{'parameters':>12}{'compile s':>11}"
    )
    for row in rows:
        print(
            f"{row['name']:44}{row['wall_ms']:9.0f}{row['cpu_ms']:9.0f}{row['wall_ratio']:7.2f}{row['cpu_ratio']:7.2f}"
            f"{row['peak_gib']:10.2f}{row['parameters']:12,}{row['compile_s']:11.1f}"
        )


def _measure(size: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Returns the rows of one size."""
    workers: list[Worker] = []
    try:
        for name, command in commands(size, options):
            print(f"compiling {name}", file=sys.stderr, flush=True)
            workers.append(Worker.launch(name, command))
            workers[-1].wait()
        for worker in workers:
            worker.run(options.warmup)
        for _ in range(-(-options.updates // options.turn)):
            for worker in workers:
                worker.turns.append(worker.run(options.turn))
        commits = {peer.split("=")[0]: commit(Path(peer.split("=")[1])) for peer in options.peer}
        rows = [summary(worker, workers[0]) for worker in workers]
        return [{**row, "commit": commits.get(row["name"].split()[0])} for row in rows]
    finally:
        for worker in workers:
            worker.stop()


def commit(checkout: Path) -> str | None:
    """Returns the commit of a checkout, with ``-dirty`` if its files were changed; None if it is no repository."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", checkout, *words], capture_output=True, text=True)
        return done.stdout.strip()

    if not checkout.is_dir() or git("rev-parse", "--show-toplevel") != str(checkout.resolve()):
        return None
    return git("describe", "--always", "--dirty", "--abbrev=7", "--exclude=*") or None


def commands(size: str, options: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Returns the name and command line of every worker of one size."""
    found = []
    shape = ["--batch", str(options.batch), "--length", str(options.length)]
    seen = " pixels" if options.observations == "pixels" else ""
    for dtype in options.dtype:
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
    parser.add_argument(
        "--table", type=Path, nargs="?", const=RESULTS, metavar="FILE", help="only print stored results, as Markdown"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
