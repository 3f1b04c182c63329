"""CPU time of cold commands in this checkout against another, in turns.

    python -m benchmarks.cold_start path/to/other/checkout [--rounds 21]

Prints the median CPU seconds of each side and the median of the ratios; other load disturbs both sides alike.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
NATIVE = "lint -- dreamerguard train dmc_walker_walk run.train_ratio=32"
DANIJAR = "lint -- python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --run.train_ratio 32"
WATCH = "watch log --once --task dmc_walker_walk --action-repeat 2"


def cpu_seconds(checkout: Path, words: list[str], folder: Path) -> float:
    """User and system time of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    path = os.pathsep.join([str(checkout), str(checkout / "agent")])
    subprocess.run(
        [sys.executable, "-m", "dreamerguard", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints one line per command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=21)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "log").mkdir()
        lines = (json.dumps({"step": 1000 * i, "episode/score": float(i)}) + "\n" for i in range(1, 60))
        (folder / "log" / "scores.jsonl").write_text("".join(lines), encoding="utf-8")
        for command in (NATIVE, DANIJAR, WATCH):
            words = command.split()
            pairs = [
                (cpu_seconds(given.other.resolve(), words, folder), cpu_seconds(HERE, words, folder))
                for _ in range(given.rounds + 1)
            ][1:]  # the first round fills caches
            other, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratio = statistics.median(mine / theirs for theirs, mine in pairs)
            print(f"{command[:60]:60}  other {other:.3f} s  this {ours:.3f} s  ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
