"""Rebuilds ``task_defaults/reference/tdmpc2`` from a checkout of https://github.com/nicklashansen/tdmpc2.

Usage: ``python -m benchmarks.build_tdmpc2_data CHECKOUT [--commit COMMIT] [-o OUT]``. ``CHECKOUT`` may be a bare
repository: files are read with ``git show``.

``results/dreamerv3/TASK.csv`` has the columns ``step``, ``reward`` or ``success``, and ``seed``. A step is an
environment frame (nicklashansen/tdmpc2#45: the action repeat is multiplied in). A row is the mean of the
evaluations, of 10 episodes each, in the 100,000 frames from its step on (50,000 on MyoSuite): the rows of runs of 4
million frames begin at 0 and end at 3.9 million, and successes are multiples of 1/10, 1/20 and 1/30. Rows are missing
where a seed had no evaluation; a row at the end of the budget or behind it is left out.

Method, chosen among a few variants on these 86 tasks with one seed left out, not tried on other curves:

- Tasks that DreamerV3's authors publish curves of (`KEPT`) are left out and never read.
- The learned range is at least a tenth of the score's range: a smaller rise is noise of ten episodes.
- A success rate starts from 0: some tasks are learned before the first evaluation.
- The spread of the seeds and the false alarm statistics are pooled over all tasks with the same measure, because a task
  has three seeds. Each seed is compared with the two others. Seeds that cannot be flagged at any threshold do not
  count, because the others already are near the lowest score.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.build_reference_data import with_integers
from benchmarks.pooled_calibration import TaskCurves, calibrate
from dreamerguard.regression.published import Calibration, Method
from dreamerguard.regression.published.envelope import Measure
from dreamerguard.regression.reference.entries import rounded, task_entry
from dreamerguard.regression.statistics.binned_curve import (
    final_score,
    to_cells,
)
from dreamerguard.regression.statistics.seed_band import METHOD

COMMIT = "e9f5932"
FOLDER = "results/dreamerv3"

#: Tasks of ``dmc_proprio`` with curves of DreamerV3's authors.
KEPT = frozenset(
    [
        "acrobot-swingup",
        "cup-catch",
        "cartpole-balance",
        "cartpole-balance-sparse",
        "cartpole-swingup",
        "cartpole-swingup-sparse",
        "cheetah-run",
        "finger-spin",
        "finger-turn-easy",
        "finger-turn-hard",
        "hopper-hop",
        "hopper-stand",
        "pendulum-swingup",
        "reacher-easy",
        "reacher-hard",
        "walker-run",
        "walker-stand",
        "walker-walk",
    ]
)
#: Tasks of dm_control itself; the other tasks of its domains are custom ones of TD-MPC2.
DMC = frozenset(
    [
        "dog-run",
        "dog-stand",
        "dog-trot",
        "dog-walk",
        "fish-swim",
        "humanoid-run",
        "humanoid-stand",
        "humanoid-walk",
        "quadruped-run",
        "quadruped-walk",
    ]
)
MANISKILL = frozenset(["lift-cube", "pick-cube", "pick-ycb", "stack-cube", "turn-faucet"])

#: Constants of the bands by measure; see the module's text.
METHODS: dict[Measure, Method] = {
    "return": replace(METHOD, least_range=100.0),
    "success": replace(METHOD, least_range=0.1, untrained=0.0),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of a suite stand, and how they were made.

    Attributes:
      suite: name of the suite in ``task_defaults``.
      measure: what a score is.
      repeat: frames per agent step.
      interval: frames between two rows.
      budget, cells: frames of a run, and cells of its grid; tasks of 14 million frames have 50 cells.
    """

    suite: str
    measure: Measure
    repeat: int
    interval: int
    budget: int
    cells: int


SUITES = (
    Source("dmc_proprio", "return", 2, 100_000, 4_000_000, 40),
    Source("tdmpc2", "return", 2, 100_000, 4_000_000, 40),
    Source("metaworld", "success", 2, 100_000, 2_000_000, 20),
    Source("myosuite", "success", 1, 50_000, 2_000_000, 40),
    Source("maniskill", "success", 2, 100_000, 4_000_000, 40),
)
LONG, LONG_CELLS = 14_000_000, 50


def place(name: str) -> tuple[str, str]:
    """Returns suite and task of a file name: ``("metaworld", "metaworld_reach")`` of ``mw-reach``."""
    if name.startswith("mw-"):
        return "metaworld", f"metaworld_{name.removeprefix('mw-')}"
    if name.startswith("myo-hand-"):
        return "myosuite", f"myosuite_{name.removeprefix('myo-hand-')}"
    if name in MANISKILL:
        return "maniskill", f"maniskill_{name}"
    return ("dmc_proprio", f"dmc_{name.replace('-', '_')}") if name in DMC else ("tdmpc2", f"tdmpc2_{name}")


def read_curves(text: str, task: str, source: Source) -> TaskCurves:
    """Reads a file of ``results/dreamerv3``; a row lies in the cell that begins at its step or before it."""
    rows = list(csv.reader(io.StringIO(text)))[1:]
    seeds: dict[str, list[tuple[float, float]]] = {}
    for step, score, seed in rows:
        seeds.setdefault(seed, []).append((float(step), float(score)))
    longest = max(x for points in seeds.values() for x, _ in points)
    budget, cells = (LONG, LONG_CELLS) if longest > 1.1 * source.budget else (source.budget, source.cells)
    grid = [budget * (i + 1) / cells for i in range(cells)]
    curves = []
    for _, points in sorted(seeds.items()):
        used = sorted((x + source.interval / 2, y) for x, y in points if x < budget)
        curves.append(to_cells([x for x, _ in used], [y for _, y in used], grid))
    return TaskCurves(task, grid, curves)


def content(
    source: Source, tasks: Sequence[TaskCurves], calibration: Calibration, provenance: Mapping[str, str], pooled: int
) -> dict[str, Any]:
    """Returns the content of one file; ``pooled`` is the number of tasks behind the calibration."""
    method = METHODS[source.measure]
    what = "returns" if source.measure == "return" else "success rates"
    shared = (
        f"Three seeds per task: spread and false alarms are pooled over {pooled} tasks with {what}, from"
        f" {calibration.curves} seeds."
    )
    usual = [source.budget * (i + 1) / source.cells for i in range(source.cells)]
    entries = {}
    for item in sorted(tasks, key=lambda item: item.task):
        entry = task_entry(item.curves, calibration, item.grid, method)
        finals = sorted(rounded(final_score(curve, method.final) or 0.0) for curve in item.whole)
        entry["final"] = {"median": rounded(median(finals)), "min": finals[0], "max": finals[-1], "seeds": finals}
        if list(item.grid) != usual:
            entry |= {"budget": int(item.grid[-1]), "grid": list(item.grid)}
        entries[item.task] = entry | ({"note": f"{shared} {note}"} if (note := _note(item)) else {})
    stored = asdict(calibration) | {"alarm": {f"{rate:g}": value for rate, value in calibration.alarm.items()}}
    return {
        "format": 1, "suite": source.suite, "release": "tdmpc2", "edition": "tdmpc2", "note": shared,
        "source": dict(provenance), "laboratory": "nicklashansen/tdmpc2", "episodes": "eval",
        "measure": source.measure, "interval": source.interval, "method": asdict(method), "budget": source.budget,
        "action_repeat": source.repeat, "grid": usual, "calibration": stored, "tasks": entries,
    }  # fmt: skip


def _note(item: TaskCurves) -> str:
    ends = [max(x for x, y in zip(item.grid, curve, strict=True) if y is not None) for curve in item.curves]
    short = [end for end, curve in zip(ends, item.curves, strict=True) if curve not in item.whole]
    if not short:
        return ""
    counts = f"{len(short)} of the {len(item.curves)} seeds {'ends' if len(short) == 1 else 'end'} early"
    return f"{counts}, at {' and '.join(f'{end:,.0f}' for end in sorted(short))} frames."


def read_all(checkout: Path, commit: str) -> dict[str, list[TaskCurves]]:
    """Returns suite -> curves of its tasks, for all files except those of `KEPT`."""
    sources = {source.suite: source for source in SUITES}
    found: dict[str, list[TaskCurves]] = {source.suite: [] for source in SUITES}
    for line in _git(checkout, "ls-tree", "--name-only", commit, f"{FOLDER}/").splitlines():
        name = Path(line).stem
        if name not in KEPT:
            suite, task = place(name)
            found[suite].append(read_curves(_git(checkout, "show", f"{commit}:{line}"), task, sources[suite]))
    return found


def calibrations(found: Mapping[str, Sequence[TaskCurves]]) -> dict[Measure, Calibration]:
    """Returns measure -> statistics, pooled over its suites."""
    return {
        measure: calibrate(
            [item for source in SUITES if source.measure == measure for item in found[source.suite]], method
        )
        for measure, method in METHODS.items()
    }


def _git(checkout: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(checkout), *words], check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="checkout or bare repository of nicklashansen/tdmpc2")
    parser.add_argument("--commit", default=COMMIT, help="commit to read (default: %(default)s)")
    default = Path(__file__).resolve().parent.parent / "task_defaults" / "reference" / "tdmpc2"
    parser.add_argument("-o", "--out", type=Path, default=default, help="folder to write (default: %(default)s)")
    args = parser.parse_args()
    found = read_all(args.checkout, args.commit)
    pooled = calibrations(found)
    provenance = {
        "repository": "https://github.com/nicklashansen/tdmpc2",
        "commit": _git(args.checkout, "rev-parse", args.commit).strip(),
        "files": f"{FOLDER}/*.csv",
        "licence": "MIT",
        "copyright": "Copyright (c) Nicklas Hansen (2023).",
    }
    args.out.mkdir(parents=True, exist_ok=True)
    for source in SUITES:
        tasks = sum(len(found[other.suite]) for other in SUITES if other.measure == source.measure)
        data = content(source, found[source.suite], pooled[source.measure], provenance, tasks)
        target = args.out / f"{source.suite}.json"
        text = json.dumps(with_integers(data), separators=(",", ":"), allow_nan=False)
        target.write_text(text + "\n", encoding="utf-8")
        print(f"{target}: {len(data['tasks'])} tasks, {target.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
