"""Trains a tiny agent in environments of each suite, from end to end, as users start the program.

    python -m benchmarks.environments                          # all cases, 2,000 agent steps each
    python -m benchmarks.environments --only crafter --steps 300
    python -m benchmarks.environments --json FILE

Each case trains, is interrupted by Ctrl-C after a third of its steps, is resumed by the same command, and is evaluated.
The table shows whether the running episodes continued, and the scores, which mean nothing with such a network. Exit
code 1: a case failed.

Add a case to `CASES`: a task, and settings if the task needs any.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from .trust.bench import Process, patience

#: Agent steps of a case.
STEPS = 2000
#: A network that trains in seconds, whatever the task: two windows of eight steps, an update for every second step.
TINY: dict[str, Any] = {
    "size": "size200k",
    "purpose": "short",
    "run": {"train_ratio": 8, "envs": 1},
    "replay": {"batch_size": 2, "batch_length": 8},
    "model": {"deter": 16, "hidden": 8, "stoch": 2, "blocks": 4, "units": 8, "bins": 15, "encoder_layers": 1,
              "decoder_layers": 1, "image_blocks": 4},
    "loss": {"imag_length": 3},
    "logging": {"every": 2},
    "checkpoint": {"every": 2},
    "runtime": {"platform": "cpu"},
}  # fmt: skip
#: Findings of the linter that such a run has on purpose.
ALLOWED = ("changed-batch-shape", "changed-action-repeat", "low-train-ratio", "low-update-budget")
#: Seconds after which a command counts as hanging, on an idle machine.
HANG = 3600.0


@dataclass(frozen=True)
class Case:
    """A task that is played from end to end.

    Attributes:
      task: name of the task.
      repeat: environment frames per agent step, as the task's published defaults have it.
      settings: further settings, ``key=value``.
      storable: whether the environment can be stored, so that a resumed run continues its episodes.
      module: file of this folder that is copied next to the run, for `env.make`.
    """

    task: str
    repeat: int = 1
    settings: tuple[str, ...] = ()
    storable: bool = False
    module: str = ""


CASES = (
    Case("atari100k_pong", repeat=4, storable=True),
    Case("crafter_reward", storable=True),
    Case("minigrid:MiniGrid-Empty-5x5-v0"),
    Case("gym:Pendulum-v1"),
    Case("corridor", settings=("env.make=dict_environment:make",), module="dict_environment.py"),
)


@dataclass
class Played:
    """What happened to a case.

    Attributes:
      task: name of the task.
      faults: everything that did not go as it should; empty if all is well.
      interrupted: agent steps of the checkpoint after the interruption.
      frames: environment frames at the end.
      updates: gradient updates at the end.
      episodes: finished training episodes.
      continued: whether the running episodes continued after the interruption.
      score: mean score of the evaluation.
      achievements: Crafter's score of the evaluation, in percent, where achievements are recorded.
      seconds: time of training, with compilation.
    """

    task: str
    faults: list[str]
    interrupted: int = 0
    frames: int = 0
    updates: int = 0
    episodes: int = 0
    continued: bool = False
    score: float | None = None
    achievements: float | None = None
    seconds: float = 0.0


def play(case: Case, folder: Path, steps: int = STEPS, episodes: int = 1) -> Played:
    """Trains a case, interrupts and resumes it, and evaluates it.

    Args:
      case: the task.
      folder: empty folder for the run.
      steps: agent steps of the training.
      episodes: episodes of the evaluation.
    """
    played, began = Played(case.task, []), time.monotonic()
    settings = TINY | {"task": case.task, "run": {**TINY["run"], "frames": steps * case.repeat}}
    if case.module:
        shutil.copy(Path(__file__).with_name(case.module), folder)
    (folder / "run.yaml").write_text(yaml.safe_dump(settings))
    allowed = [word for rule in ALLOWED for word in ("--allow", f"{rule}=benchmark")]
    train = ["train", "--config", "run.yaml", "--logdir", "run", *allowed, *case.settings]
    _interrupt(train, folder, played, steps // 3)
    if not played.faults:
        _resume(train, folder, played, steps * case.repeat)
        played.seconds = time.monotonic() - began
    if not played.faults:
        _evaluate(folder, played, episodes)
    if case.storable and not played.faults and not played.continued:
        played.faults.append("the running episodes did not continue")
    return played


def _interrupt(train: Sequence[str], folder: Path, played: Played, step: int) -> None:
    process = _start(train, folder)
    try:
        if not process.until(lambda: _newest(folder) >= step, HANG):
            played.faults.append(f"no checkpoint after step {step}: {_tail(process)}")
            return
        process.inner.send_signal(signal.SIGINT)
        code = process.end(HANG)
        if code != 130:
            played.faults.append(f"interrupted with exit code {code}, not 130: {_tail(process)}")
            return
        played.interrupted = _newest(folder)
    finally:
        process.close()


def _resume(train: Sequence[str], folder: Path, played: Played, frames: int) -> None:
    process = _start(train, folder)
    try:
        code = process.end(HANG)
        if code != 0:
            played.faults.append(f"resumed with exit code {code}: {_tail(process)}")
            return
        played.continued = "new ones start" not in process.output
    finally:
        process.close()
    last = _rows(folder / "run" / "metrics.jsonl")[-1]
    played.frames, played.updates = int(last["frames"]), int(last["updates"])
    played.episodes = len(_rows(folder / "run" / "scores.jsonl"))
    if played.frames != frames or played.updates == 0:
        played.faults.append(f"{played.frames} of {frames} frames, {played.updates} updates")


def _evaluate(folder: Path, played: Played, episodes: int) -> None:
    process = _start(["eval", "run", "--episodes", str(episodes), "--json"], folder)
    try:
        code = process.end(HANG)
        lines = [line for line in process.output.splitlines() if line.startswith("{")]
        if code != 0 or len(lines) != 1:
            played.faults.append(f"evaluated with exit code {code}: {_tail(process)}")
            return
        facts = json.loads(lines[0])
        played.score, played.achievements = facts["mean"], facts.get("achievement_score")
    finally:
        process.close()


def _start(words: Sequence[str], folder: Path) -> Process:
    variables = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiles in half the time
    return Process([sys.executable, "-m", "dreamerguard", *words], folder, variables)


def _tail(process: Process) -> str:
    return " / ".join(process.output.strip().splitlines()[-6:])


def _newest(folder: Path) -> int:
    """Returns the agent steps of the newest checkpoint; 0 without one."""
    steps = (path.name for path in (folder / "run" / "checkpoints").glob("*"))
    return max((int(step) for step in steps if step.isdigit()), default=0)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main() -> int:
    """Plays the cases, prints a row for each, and returns the exit code."""
    options = _options()
    print(
        f"{'task':28}{'interrupted':>12}{'frames':>9}{'updates':>9}{'episodes':>9}{'continued':>10}{'score':>9}{'s':>7}"
    )
    rows = []
    for case in CASES:
        if options.only not in case.task:
            continue
        with tempfile.TemporaryDirectory() as folder:
            played = play(case, Path(folder), options.steps, options.episodes)
        rows.append(played)
        score = "-" if played.score is None else f"{played.score:.1f}"
        print(
            f"{played.task:28}{played.interrupted:12,}{played.frames:9,}{played.updates:9,}{played.episodes:9,}"
            f"{'yes' if played.continued else 'no':>10}{score:>9}{played.seconds:7.0f}",
            flush=True,
        )
        for fault in played.faults:
            print(f"  FAILED: {fault}")
    if options.json is not None:
        options.json.write_text(
            json.dumps({"load": patience(), "cases": [asdict(row) for row in rows]}, indent=2) + "\n"
        )
    return int(not rows or any(row.faults for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="", help="cases with this text in their task")
    parser.add_argument("--steps", type=int, default=STEPS, help="agent steps of each case")
    parser.add_argument("--episodes", type=int, default=1, help="episodes of each evaluation")
    parser.add_argument("--json", type=Path, help="file for the rows")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
