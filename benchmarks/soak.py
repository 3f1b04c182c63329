"""Trains for hours with `watch` attached and measures memory, handles, threads and throughput.

    python -m benchmarks.soak --hours 2 [--directory FOLDER] [--json FILE]

The run is that of `benchmarks/demo.yaml` without an end, with a replay that is full after minutes and a checkpoint each
minute. SIGTERM ends it. Exit code 1: memory grows by more than 2 MB/h after the warm-up (30 minutes, or half of a
shorter run), or handles grow, or a process ended wrongly; 3: the time after the warm-up is too short for a judgement.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.robust_slope import Slope, block_medians, theil_sen

CONFIG = Path(__file__).with_name("demo.yaml")
#: Highest growth of memory, in MB per hour.
LIMIT = 2.0
#: Seconds before memory is judged, and the fewest seconds of judgement.
WARM_UP = 1800.0
SETTINGS = ("run.frames=1000000000", "replay.capacity=20000", "checkpoint.every=60", "logging.every=5")
ALLOW = ("changed-action-repeat", "changed-batch-shape", "small-replay", "little-replay")
_MB = 1e6


def main() -> int:
    """Runs the soak and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hours", type=float, default=2.0, help="time of training")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two samples")
    parser.add_argument("--directory", type=Path, help="keeps run and samples here; by default a temporary folder")
    parser.add_argument("--json", type=Path, help="writes samples and result into this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.directory or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        samples, wrong = soak(folder, options.hours * 3600, options.every)
    return report(samples, wrong, options.json)


def soak(folder: Path, seconds: float, every: float, quiet: bool = False) -> tuple[list[dict[str, Any]], list[str]]:
    """Trains and watches for a time.

    Args:
      folder: gets the run directory, samples and the output of both processes.
      seconds: time of training.
      every: seconds between two samples.
      quiet: whether to print no table.

    Returns:
      The samples, and a sentence for each process that ended wrongly.
    """
    run, inner = folder / "run", folder / "inner.jsonl"
    allow = [word for rule in ALLOW for word in ("--allow", f"{rule}=soak")]
    train = [sys.executable, "-m", "benchmarks.soak_child", str(inner), str(every), "train", "--config", str(CONFIG)]
    words = {
        "train": [*train, *SETTINGS, *allow, "--logdir", str(run)],
        "watch": [sys.executable, "-m", "dreamerguard", "watch", str(run), "--wait", "--interval", "5"],
    }
    processes = {}
    for name, command in words.items():
        with (folder / f"{name}.txt").open("w") as output:
            processes[name] = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    samples: list[dict[str, Any]] = []
    early: dict[str, int] = {}
    start = time.monotonic()
    if not quiet:
        print(" ".join(f"{title:>12}" for title in COLUMNS), flush=True)
    try:
        while time.monotonic() - start < seconds and all(item.poll() is None for item in processes.values()):
            time.sleep(every)
            samples.append(sample(time.monotonic() - start, processes, run, inner))
            if not quiet and len(samples) % max(round(60 / every), 1) == 0:
                print(" ".join(f"{_text(samples[-1].get(key)):>12}" for key in COLUMNS.values()), flush=True)
        early = {name: item.returncode for name, item in processes.items() if item.poll() is not None}
    finally:
        for item in processes.values():
            if item.poll() is None:
                item.terminate()
    codes = {name: item.wait() for name, item in processes.items()}
    wrong = [f"{name} ended by itself with exit code {code}" for name, code in early.items()]
    if "train" not in early and codes["train"] != 128 + signal.SIGTERM:
        wrong.append(f"train ended with {codes['train']} after SIGTERM, expected {128 + signal.SIGTERM}")
    return samples, wrong


COLUMNS = {
    "minutes": "minutes", "train MB": "rss", "heap used": "heap_used", "heap free": "heap_free",
    "arrays MB": "array_bytes", "handles": "handles", "threads": "threads", "frames": "frames",
    "frames/s": "speed", "watch MB": "watch_rss", "w handles": "watch_handles",
}  # fmt: skip


def sample(seconds: float, processes: dict[str, subprocess.Popen[bytes]], run: Path, inner: Path) -> dict[str, Any]:
    """Returns one row of the table: sizes in MB, counts, and the speed of the last row of the log."""
    row: dict[str, Any] = {"minutes": seconds / 60}
    row |= facts(processes["train"].pid, "") | facts(processes["watch"].pid, "watch_")
    last = last_row(run / "metrics.jsonl")
    row |= {"frames": last.get("frames"), "speed": last.get("fps/frames")}
    known = last_row(inner)
    for key in ("heap_used", "heap_free", "array_bytes"):
        row[key] = None if known.get(key) is None else known[key] / _MB
    return row | {"arrays": known.get("arrays")}


def facts(pid: int, prefix: str) -> dict[str, Any]:
    """Returns resident memory in MB, open handles and threads of a process; an empty dictionary if it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        status = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        values = {"rss": int(status["VmRSS"].split()[0]) * 1024 / _MB, "threads": int(status["Threads"])}
        values["handles"] = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - only the number counts
    except (OSError, KeyError):
        return {}
    return {prefix + key: value for key, value in values.items()}


def last_row(path: Path) -> dict[str, Any]:
    """Returns the last complete JSON line of a file; an empty dictionary if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - 20_000, 0))
            lines = file.read().split(b"\n")
        found = json.loads(lines[-2])
    except (OSError, ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def slope_of(samples: Sequence[dict[str, Any]], key: str) -> Slope | None:
    """Returns the slope per hour of a column, from one median per minute."""
    rows = [(row["minutes"], row[key]) for row in samples if row.get(key) is not None]
    return theil_sen(*_hours(*block_medians([x for x, _ in rows], [y for _, y in rows], 1.0)))


def grows(samples: Sequence[dict[str, Any]], key: str) -> tuple[int, int] | None:
    """Returns the lowest count of the first and of the last third if the last one is higher, otherwise None."""
    values = [row[key] for row in samples if row.get(key) is not None]
    third = len(values) // 3
    if not third:
        return None
    first, last = min(values[:third]), min(values[-third:])
    return (first, last) if last > first else None


def report(samples: list[dict[str, Any]], wrong: list[str], output: Path | None) -> int:
    """Prints the judgement, writes it if requested, and returns the exit code."""
    last = samples[-1]["minutes"] if samples else 0.0
    warm_up = min(WARM_UP / 60, last / 2)
    late = [row for row in samples if row["minutes"] >= warm_up]
    keys = {"train": "rss", "heap used": "heap_used", "heap free": "heap_free", "watch": "watch_rss"}
    slopes = {name: found for name, key in keys.items() if (found := slope_of(late, key)) is not None}
    print(f"\n{last:.1f} minutes, judged after {warm_up:.1f} minutes")
    for name, slope in slopes.items():
        print(f"{name}: {slope.value:+.2f} MB/h, 95 % range {slope.low:+.2f} to {slope.high:+.2f}")
    speeds = [row["speed"] for row in late if row.get("speed")]
    if speeds:
        print(f"throughput: median {median(speeds):.0f} frames/s, {min(speeds):.0f} to {max(speeds):.0f}")
    problems = list(wrong)
    for key in ("handles", "watch_handles"):
        if growth := grows(late, key):
            problems.append(f"{key} grew from {growth[0]} to {growth[1]}")
    high = [name for name in ("train", "watch") if name in slopes and slopes[name].value > LIMIT]
    judged = (last - warm_up) * 60 >= WARM_UP
    if judged:
        problems += [f"memory of {name} grows by {slopes[name].value:.1f} MB/h, more than {LIMIT:g}" for name in high]
    for problem in problems:
        print(f"FAILED: {problem}")
    if not judged:
        print(f"memory is not judged: {WARM_UP / 60:.0f} minutes after the warm-up are needed")
    if output is not None:
        output.write_text(_as_json(slopes, problems, judged, samples))
    return 1 if problems else 0 if judged else 3


def _as_json(
    slopes: Mapping[str, Slope], problems: Sequence[str], judged: bool, samples: Sequence[Mapping[str, Any]]
) -> str:
    """Returns result and samples, one line per sample."""
    names = list(dict.fromkeys(name for row in samples for name in row))
    rows = [[round(row[name], 2) if row.get(name) is not None else None for name in names] for row in samples]
    head = {"slopes MB/h": {name: asdict(slope) for name, slope in slopes.items()}, "problems": list(problems)}
    head |= {"judged": judged, "columns": names}
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{json.dumps(head, indent=1)[:-2]},\n "samples": [\n{lines}\n]}}\n'


def _hours(minutes: Sequence[float], values: Sequence[float]) -> tuple[list[float], Sequence[float]]:
    return [x / 60 for x in minutes], values


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


if __name__ == "__main__":
    sys.exit(main())
