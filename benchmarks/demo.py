"""Demonstrates the main job: a ruinous override is refused, a run without it learns, the same run with it does not.

    python -m benchmarks.demo [--seeds 0 1 2] [--directory demo]

All steps use the `dreamerguard` command, as a user would type it. Prints both scores and writes one picture with both
curves; `results.json` in the same folder stores the scores.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from dreamerguard.programs.native.run_directory import load_config
from dreamerguard.regression.charts.png import Curve, draw_png, read_curve
from dreamerguard.regression.published import load_envelope

CONFIG = Path(__file__).with_name("demo.yaml")
#: The original mistake used a sixteenth of the task's train ratio; the second run here does the same.
FACTOR = 16
#: Exit code of a refused run.
REFUSED = 78
EPISODES = 10


def main() -> int:
    """Runs the demonstration; returns 0 if the mistake was refused and the healthy runs beat the ruined ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds to train, one after the other")
    parser.add_argument("--directory", type=Path, default=Path("demo"), help="folder for runs, picture and scores")
    options = parser.parse_args()
    started = time.monotonic()
    print("1. The original mistake: walker-walk with a train ratio copied from a README.\n")
    if dreamerguard("train", "dmc_walker_walk", "run.train_ratio=32") != REFUSED:
        return fail("the original mistake was not refused")
    results = [train_both(seed, options.directory) for seed in options.seeds]
    report(results, options.directory)
    print(f"\n{(time.monotonic() - started) / 60:.1f} minutes in all.")
    return 0 if all(result["full"] > result["low"] for result in results) else fail("the ruined run was not worse")


def train_both(seed: int, directory: Path) -> dict[str, float]:
    """Trains with the file's train ratio and with a sixteenth of it; returns both scores."""
    full, low = directory / f"seed{seed}-full", directory / f"seed{seed}-low"
    print(f"\n2. A run that lint accepts (seed {seed}).\n")
    words = ["train", "--config", str(CONFIG.relative_to(Path.cwd())), "--seed", str(seed)]
    if dreamerguard(*words, "--logdir", str(full)):
        raise SystemExit(fail("the run did not finish"))
    ratio = load_config(full).run.train_ratio / FACTOR
    print(f"\n3. The same run with a train ratio {FACTOR} times lower: refused, then allowed with a reason.\n")
    low_words = [*words, f"run.train_ratio={ratio:g}", "--logdir", str(low)]
    if dreamerguard(*low_words) != REFUSED and not (low / "scores.jsonl").exists():
        raise SystemExit(fail("the low ratio was not refused"))
    if dreamerguard(*low_words, "--allow", "low-train-ratio=demonstrates what the ratio costs"):
        raise SystemExit(fail("the run did not finish"))
    return {"seed": seed, "full": final(full), "low": final(low), "ratio": ratio * FACTOR, "low_ratio": ratio}


def report(results: list[dict[str, float]], directory: Path) -> None:
    """Prints the scores, stores them and draws the curves of the first seed."""
    print(f"\n4. Scores, mean of the last {EPISODES} episodes.\n")
    for result in results:
        print(
            f"   seed {result['seed']:g}: {result['full']:6.1f} at train ratio {result['ratio']:g},"
            f" {result['low']:6.1f} at {result['low_ratio']:g}"
        )
    (directory / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    seed = int(results[0]["seed"])
    config = load_config(directory / f"seed{seed}-full")
    curves: list[Curve] = [
        read_curve(directory / f"seed{seed}-full", f"train ratio {results[0]['ratio']:g}"),
        read_curve(directory / f"seed{seed}-low", f"train ratio {results[0]['low_ratio']:g}"),
    ]
    envelope = load_envelope("dmc_proprio", config.task)
    draw_png(directory / "curves.png", curves, f"{config.task}, {config.size}", envelope)
    print(f"\n   Both curves: {directory / 'curves.png'}")


def final(run: Path) -> float:
    """Returns the mean score of the last episodes of a run."""
    return statistics.fmean(read_curve(run, "").scores[-EPISODES:])


def dreamerguard(*words: str) -> int:
    """Prints the command as typed, runs it and returns its exit code."""
    print(f"$ dreamerguard {shlex.join(words)}", flush=True)
    return subprocess.run([sys.executable, "-m", "dreamerguard", *words], check=False).returncode


def fail(message: str) -> int:
    """Prints the failure and returns exit code 1."""
    print(f"demo failed: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
