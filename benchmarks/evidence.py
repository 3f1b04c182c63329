"""Trains the founding case at published settings and with its mistake, and compares both with the published curves.

    python -m benchmarks.evidence [--case walker] [--frames 120000] [--directory runs/evidence]
    python -m benchmarks.evidence --show

A case trains one task with the settings of edition paper-2025 and, where the case has one, with the mistaken train
ratio; everything else is equal, the seeds too. The cheap runs come first. The same command continues what was
interrupted; more ``--frames`` lengthen finished runs. Every run that was started is stored and shown. Trains size1m,
not the published size12m, so that two CPU cores reach the frames within hours: what it does not show is in
docs/agent.md. ``--show`` prints the stored table: the verdict of ``watch`` at each look, as it was while the run
trained.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamerguard.logs import read_run
from dreamerguard.programs.native.run_directory import load_config
from dreamerguard.regression.charts.png import Curve, draw_png, read_curve
from dreamerguard.regression.published import Envelope, load_calibration, load_envelope
from dreamerguard.regression.statistics.binned_curve import to_cells
from dreamerguard.regression.watch.verdict import judge_cells

from .demo import dreamerguard

RESULTS = Path(__file__).with_name("results") / "evidence.json"
PICTURES = Path(__file__).parents[1] / "docs"
SUITE = "dmc_proprio"
#: Episodes at the end of a run that its score is the mean of.
EPISODES = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One task.

    Attributes:
      task: the task.
      ratios: the train ratios to compare, the mistaken ones first.
    """

    task: str
    ratios: tuple[int, ...] = (512,)


CASES = {
    "walker": Case("dmc_walker_walk", (32, 512)),
    "cartpole": Case("dmc_cartpole_swingup"),
    "cheetah": Case("dmc_cheetah_run"),
}


def train(case: Case, ratio: int, seed: int, frames: int, run: Path) -> None:
    """Trains a run, or continues it, as a user would.

    Raises:
      SystemExit: the run did not finish.
    """
    words = ["train", case.task, "edition=paper-2025", "size=size1m", "purpose=short", f"run.frames={frames}"]
    words += [f"run.train_ratio={ratio}", "--seed", str(seed), "--logdir", str(run)]
    if ratio < 512:
        words += ["--allow", "low-train-ratio=shows what the mistake costs"]
    if code := dreamerguard(*words):
        raise SystemExit(f"the run ended with exit code {code}; the same command continues it")


def result_of(run: Path) -> dict[str, Any]:
    """Returns the settings, the curve and the verdict at each look of a run, finished or not."""
    config, curve, log = load_config(run), read_curve(run, ""), read_run(run)
    starts = json.loads((run / "manifest.json").read_text())
    newest = max(load_rows(run / "metrics.jsonl"), key=lambda row: row["frames"])
    return {
        "task": config.task,
        "ratio": config.run.train_ratio,
        "seed": config.seed,
        "size": config.size,
        "edition": config.edition,
        "frames": log.frames,
        "updates": newest["updates"],
        "hours": round(newest["time/elapsed"] / 3600, 2),
        "device": starts[-1]["device"],
        "versions": sorted({start["git"][:10] for start in starts if start.get("git")}),
        "looks": looks(curve, log.frames, envelope_of(config.task)),
        "curve": {"frames": [*curve.frames], "scores": [round(score, 2) for score in curve.scores]},
    }


def load_rows(path: Path) -> list[dict[str, Any]]:
    """Returns the rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def envelope_of(task: str) -> Envelope:
    """Returns the newest published curves of a task."""
    found = load_envelope(SUITE, task)
    assert found is not None, task
    return found


def looks(curve: Curve, frames: float, envelope: Envelope) -> list[dict[str, Any]]:
    """Returns the verdict of `watch` at the end of each cell of the reference that a run has completed."""
    calibration = load_calibration(SUITE)
    assert calibration is not None
    found = []
    for edge in envelope.grid:
        if edge > frames:
            break
        cells = to_cells(curve.frames, curve.scores, envelope.grid, edge)
        verdict = judge_cells(cells, envelope, calibration[0])
        last = verdict.last
        row = {"frames": edge, "verdict": verdict.state.value}
        if last is not None:
            row |= {name: getattr(last, name) for name in ("score", "median", "low", "high", "p")}
        found.append({key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()})
    return found


def show(results: list[dict[str, Any]]) -> None:
    """Prints the table of all runs."""
    for item in results:
        score = statistics.fmean(item["curve"]["scores"][-EPISODES:])
        print(
            f"\n{item['task']}, train ratio {item['ratio']:g}, seed {item['seed']}, {item['size']}, {item['device']}:"
            f" {item['frames']:,.0f} frames, {item['updates']:,.0f} updates, {item['hours']:g} hours;"
            f" {score:.1f} points (mean of the last {EPISODES} episodes)"
        )
        for look in item["looks"]:
            if look.get("score") is not None and look.get("median") is not None:
                seen = (
                    f"{look['score']:7.1f}  published {look['median']:6.1f} ({look['low']:.1f} to {look['high']:.1f})"
                )
                print(f"  {look['frames']:>9,.0f} frames  {look['verdict']:10} {seen}")


def store(results: list[dict[str, Any]]) -> None:
    """Stores all runs, and draws a picture per task over the published curves."""
    RESULTS.write_text("[\n" + ",\n".join(json.dumps(item) for item in results) + "\n]\n")
    for task in sorted({item["task"] for item in results}):
        found = [item for item in results if item["task"] == task]
        curves = [
            Curve(
                f"train ratio {item['ratio']:g}, seed {item['seed']}", item["curve"]["frames"], item["curve"]["scores"]
            )
            for item in reversed(found)
        ]
        title = f"{task}: bundled trainer, {found[0]['size']}, against the published agent"
        draw_png(PICTURES / f"evidence-{task}.png", curves, title, envelope_of(task))


def main() -> None:
    """Trains the runs of a case, prints and stores every run of the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, nargs="+", default=["walker"])
    parser.add_argument("--frames", type=int, default=120_000, help="environment frames of each run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--directory", type=Path, default=Path("runs/evidence"), help="folder of the runs")
    parser.add_argument("--collect", action="store_true", help="train nothing, store the runs as far as they are")
    parser.add_argument("--show", action="store_true", help="only print what is stored")
    options = parser.parse_args()
    if options.show:
        if not RESULTS.exists():
            sys.exit("no run is stored yet: python -m benchmarks.evidence trains them")
        show(json.loads(RESULTS.read_text()))
        return
    for case in () if options.collect else (CASES[name] for name in options.case):
        for seed in options.seeds:
            for ratio in case.ratios:
                run = options.directory / f"{case.task}-ratio{ratio}-seed{seed}"
                train(case, ratio, seed, options.frames, run)
    runs = sorted(path.parent for path in options.directory.glob("*/scores.jsonl"))
    if not runs:
        sys.exit(f"{options.directory} holds no run")
    results = sorted((result_of(run) for run in runs), key=lambda item: (item["task"], item["ratio"], item["seed"]))
    show(results)
    store(results)


if __name__ == "__main__":
    main()
