"""Compacts score files derived from danijar/dreamerv3 into ``task_defaults/reference/<release>/<suite>.json``.

Usage: ``python benchmarks/build_reference_data.py dreamerv3_scores.json dreamerv3_scores_2023.json``. Each source file
holds one release: suites with a grid, a calibration and statistics per task. Values that
are cheap to compute from the seeds (lowest and highest seed of a cell) and values that no code reads are dropped.
Numbers have four significant digits.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

#: Upstream name of a set of curves -> suite in task_defaults.
SUITES = {"atari57": "atari", "dmlab30": "dmlab", "minecraft_diamond": "minecraft"}

#: Release -> edition of its agent; EXCEPTIONS lists the sets of curves with another edition.
EDITIONS = {"2023": "paper-2023", "2024": "paper-2025"}
EXCEPTIONS = {("2024", "dmc_proprio"): "paper-2023"}

NOTES = {
    (
        "2024",
        "dmc_proprio",
    ): "2023 and 2024 published the same 90 curves: the first agent, train ratio 512, action repeat 2.",
    ("2024", "dmc_vision"): "Learned with 8 environments; the paper's table says 16.",
    ("2024", "atari100k"): "The paper says ratio 128, the code published with it 256.",
    ("2024", "dmlab"): "48 of the 150 published curves repeat another seed and are left out.",
    ("2024", "procgen"): "One seed for each game: no spread, so no run can be called too low.",
    ("2024", "minecraft"): "Seven of the 20 seeds end early, at 47 to 89 million frames.",
}

CALIBRATION = ("spread", "curves", "one_seed_pi90", "alarm", "alarm_used", "null", "seeds_below_worst")
TASK = ("n", "listed", "start", "range", "median", "seeds", "sd", "pi90_lo", "pi90_hi", "alarm", "auc", "reach")
TASK_END = ("single_seed_floor", "flat_run_caught_at")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", nargs="+", type=Path, help="derived score files, one per release")
    default = Path(__file__).resolve().parent.parent / "task_defaults" / "reference"
    parser.add_argument("-o", "--out", type=Path, default=default, help="folder to write (default: %(default)s)")
    args = parser.parse_args()
    for path in args.scores:
        data = json.loads(path.read_text(encoding="utf-8"))
        for name, suite in data["suites"].items():
            target = args.out / data["source"]["release"] / f"{SUITES.get(name, name)}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(with_integers(compact(data, name, suite)), separators=(",", ":"), allow_nan=False)
            target.write_text(text + "\n", encoding="utf-8")
            print(f"{target}: {len(suite['tasks'])} tasks, {target.stat().st_size / 1024:.0f} KiB")


def compact(data: dict[str, Any], name: str, suite: dict[str, Any]) -> dict[str, Any]:
    """Returns the content of one file: a suite of one release."""
    release, our_name = data["source"]["release"], SUITES.get(name, name)
    norms = suite["normalisation"]
    return {
        "format": 1,
        "suite": our_name,
        "release": release,
        "edition": EXCEPTIONS.get((release, our_name), EDITIONS[release]),
        "note": NOTES.get((release, our_name), ""),
        "source": data["source"],
        "method": data["method"],
        "budget": suite["budget"],
        "action_repeat": suite["action_repeat"],
        "grid": suite["grid"],
        "calibration": {key: suite["calibration"][key] for key in CALIBRATION},
        "tasks": {
            _task(our_name, task): _entry(
                values, norms if isinstance(norms, list) else data["normalisation"][norms][task]
            )
            for task, values in suite["tasks"].items()
        },
    }


def _task(suite: str, task: str) -> str:
    return task.replace("atari_", "atari100k_", 1) if suite == "atari100k" else task


def _entry(values: dict[str, Any], norm: list[float]) -> dict[str, Any]:
    entry = {key: values[key] for key in TASK if key in values}
    entry["final"] = {key: values["final"][key] for key in ("median", "min", "max", "seeds")}
    entry |= {key: values[key] for key in TASK_END if key in values}
    return entry | {"norm": norm}


def with_integers(value: Any) -> Any:
    """Replaces whole floats with integers: 10000.0 takes two characters more than 10000."""
    if isinstance(value, dict):
        return {key: with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


if __name__ == "__main__":
    main()
