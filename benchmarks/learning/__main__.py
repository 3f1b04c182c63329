"""Trains the runs of this folder and compares what they reach with random actions; see the package."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from dreamerguard.programs.native.run_directory import load_config
from dreamerguard.regression.charts.png import Curve, draw_png, read_curve
from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.envs.factory import make_env

FOLDER = Path(__file__).parent
RESULTS = FOLDER.parent / "results" / "learning.json"
PICTURES = FOLDER.parents[1] / "docs"
CASES = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
#: Episodes of random actions, last training episodes of a seed, and episodes of the evaluation at the end.
EPISODES, LAST, EVALUATED = 50, 20, 20


def train(case: str, run: Path) -> None:
    """Trains a case, or continues it, as a user would.

    Raises:
      SystemExit: the run did not finish.
    """
    command = ["train", "--config", str(FOLDER / f"{case}.yaml"), "--logdir", str(run)]
    print(f"$ dreamerguard {' '.join(command)}", flush=True)
    if code := subprocess.run([sys.executable, "-m", "dreamerguard", *command], check=False).returncode:
        raise SystemExit(f"the run ended with exit code {code}; the same command continues it")


def evaluated_scores(run: Path) -> dict[str, list[float]]:
    """Returns the scores of evaluation episodes with the last parameters, by seed, as ``eval`` prints them.

    Raises:
      SystemExit: the run cannot be evaluated.
    """
    command = [sys.executable, "-m", "dreamerguard", "eval", str(run), "--episodes", str(EVALUATED), "--json"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"the evaluation ended with exit code {done.returncode}")
    facts = json.loads(done.stdout)
    return {seed: found["scores"] for seed, found in facts.get("seeds", {str(load_config(run).seed): facts}).items()}


def random_scores(config: RunConfig, episodes: int) -> list[float]:
    """Plays episodes with uniformly random actions in the environment of a run; returns their scores."""
    env, draw, scores = make_env(config, 0, config.seed), np.random.default_rng(0), []
    try:
        for _ in range(episodes):
            step, score = env.step({**_action(env.act_space, draw), "reset": True}), 0.0
            while not step["is_last"]:
                step = env.step({**_action(env.act_space, draw), "reset": False})
                score += float(step["reward"])
            scores.append(score)
    finally:
        env.close()
    return scores


def _action(spaces: Any, draw: np.random.Generator) -> dict[str, Any]:
    def one(space: ArraySpace) -> Any:
        if space.discrete:
            return draw.integers(0, space.classes, space.shape, np.int32)
        return draw.uniform(-1, 1, space.shape).astype(space.dtype)

    return {key: one(space) for key, space in spaces.items()}


def result_of(case: str, run: Path) -> dict[str, Any]:
    """Returns curves and evaluations of every seed of a finished run, and the scores of random actions."""
    config, evaluated = load_config(run), evaluated_scores(run)
    curves = [
        read_curve(run / f"seed{seed}", "") if config.seeds > 1 else read_curve(run, "") for seed in seeds(config)
    ]
    return {
        "case": case,
        "task": config.task,
        "frames": config.run.frames,
        "random": [round(score, 3) for score in random_scores(config, EPISODES)],
        "seeds": [
            {
                "seed": seed,
                "frames": [*curve.frames],
                "scores": [round(score, 3) for score in curve.scores],
                "evaluated": [round(score, 3) for score in evaluated[str(seed)]],
            }
            for seed, curve in zip(seeds(config), curves, strict=True)
        ],
    }


def seeds(config: RunConfig) -> range:
    """Returns the seeds of a run."""
    return range(config.seed, config.seed + config.seeds)


def show(result: dict[str, Any]) -> None:
    """Prints the table of a case."""
    mean, best = statistics.fmean(result["random"]), max(result["random"])
    print(f"\n{result['task']}, {result['frames']:,} frames")
    print(f"  random actions          {mean:8.2f}   mean of {len(result['random'])} episodes, best {best:.2f}")
    for item in result["seeds"]:
        scores = item["scores"]
        means = [statistics.fmean(scores[end - LAST : end]) for end in range(LAST, len(scores) + 1)]
        last, best = f"{means[-1]:8.2f}", f"{max(means):.2f}"
        print(f"  seed {item['seed']}, at the end      {last}   mean of the last {LAST} episodes; best {best}")
        if played := item.get("evaluated"):
            average, least = f"{statistics.fmean(played):8.2f}", f"{min(played):.2f}"
            print(f"  seed {item['seed']}, evaluated       {average}   {len(played)} episodes, lowest {least}")


def store(result: dict[str, Any]) -> None:
    """Stores a case beside the others and draws its picture."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    found = sorted([item for item in found if item["case"] != result["case"]] + [result], key=lambda item: item["case"])
    RESULTS.write_text("[\n" + ",\n".join(json.dumps(item) for item in found) + "\n]\n")
    curves = [Curve(f"seed {item['seed']}", item["frames"], item["scores"]) for item in result["seeds"]]
    frames = [curves[0].frames[0], curves[0].frames[-1]]
    curves.append(Curve("random actions, mean", frames, [statistics.fmean(result["random"])] * 2))
    number = len(result["seeds"])
    title = f"{result['task']}, {number} seed{'s' * (number > 1)}"
    draw_png(PICTURES / f"learning-{result['case']}.png", curves, title)


def main() -> None:
    """Trains the named cases, prints and stores what they reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning", description=__doc__)
    parser.add_argument("case", nargs="*", choices=[[], *CASES], help="cases to train")
    parser.add_argument("--directory", type=Path, default=Path("runs/learning"), help="folder of the runs")
    parser.add_argument("--show", action="store_true", help="only print what is stored")
    options = parser.parse_args()
    if options.show:
        for result in json.loads(RESULTS.read_text()):
            show(result)
        return
    for case in options.case or CASES:
        train(case, options.directory / case)
        result = result_of(case, options.directory / case)
        show(result)
        store(result)


if __name__ == "__main__":
    main()
