"""Interrupts runs at random points by SIGKILL, SIGTERM and SIGINT, and compares the result with an uninterrupted run.

    python -m benchmarks.trust.interruptions --count 50

Each chain interrupts one run several times, in its start, its compilations, its training and its saves, and then lets
it finish. Parameters, replay, running episodes and scores must equal those of an uninterrupted run, bit for bit.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.agent.same_runs import assert_same, everything

from .bench import SHORT

#: The short run, long enough for several interruptions.
SETTINGS: dict[str, Any] = SHORT | {
    "run": {"frames": 6400, "train_ratio": 8, "envs": 2},
    "logging": {"every": 0.2, "tensorboard": False},
    "checkpoint": {"every": 0.3},
}
KINDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
#: Text on the error stream that begins a phase of the run.
PHASES = {
    "start": "run directory",
    "compile": "compiling",
    "training": "collecting the first experience",
    "saving": "collecting the first experience",
}
#: Interruptions of one run.
CHAIN = 5


@dataclass
class Interruptions:
    """The result of several interruptions.

    Attributes:
      done: kind, phase and exit code of each; a code of None: the run had finished before.
      different: differences from the uninterrupted run; empty if all is well.
    """

    done: list[tuple[str, str, int | None]] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


def interrupt_often(
    folder: Path, count: int, seed: int = 0, variables: Mapping[str, str] | None = None
) -> Interruptions:
    """Makes ``count`` interruptions in chains of `CHAIN`.

    Args:
      folder: an empty folder for the runs.
      count: interruptions.
      seed: seed of their kinds, phases and times.
      variables: environment variables of the runs; by default, a new cache of compiled functions.
    """
    draw, result = random.Random(seed), Interruptions()
    own = {"XDG_CACHE_HOME": str(folder / "cache"), "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"} | dict(variables or {})
    (folder / "run.yaml").write_text(yaml.safe_dump(SETTINGS))
    finish(folder, "whole", own)
    whole = everything(folder / "whole")
    points = [(KINDS[number % 3], list(PHASES)[number % 4]) for number in range(count)]
    draw.shuffle(points)
    for first in range(0, count, CHAIN):
        name = f"chain{first // CHAIN}"
        for kind, phase in points[first : first + CHAIN]:
            result.done.append((kind.name, phase, interrupt(folder, name, kind, phase, draw, own)))
        finish(folder, name, own)
        try:
            assert_same(whole, everything(folder / name))
        except AssertionError as error:
            result.different.append(f"{name}: {error}")
    return result


def start(folder: Path, name: str, variables: Mapping[str, str]) -> subprocess.Popen[str]:
    """Starts a run, or continues it. Its output goes to ``<name>.txt``."""
    allowed = ["--allow", "changed-action-repeat=short", "--allow", "changed-batch-shape=short"]
    command = [sys.executable, "-m", "dreamerguard", "train", "--config", "run.yaml", "--logdir", name, *allowed]
    with (folder / f"{name}.txt").open("w") as output:
        return subprocess.Popen(
            command, cwd=folder, env=os.environ | dict(variables), stdout=output, stderr=output, text=True
        )


def finish(folder: Path, name: str, variables: Mapping[str, str]) -> None:
    """Lets a run go to its end."""
    code = start(folder, name, variables).wait()
    if code:
        raise RuntimeError(f"the run ended with exit code {code}: {(folder / f'{name}.txt').read_text()[-2000:]}")


def interrupt(
    folder: Path, name: str, kind: signal.Signals, phase: str, draw: random.Random, variables: Mapping[str, str]
) -> int | None:
    """Continues a run, sends a signal in a phase, and returns the exit code; None if the run finished before."""
    process, output = start(folder, name, variables), folder / f"{name}.txt"
    saved = checkpoints(folder / name)
    _wait(lambda: PHASES[phase] in output.read_text(), process)
    if phase == "saving":
        _wait(lambda: checkpoints(folder / name) != saved, process)
    time.sleep(draw.uniform(0, 0.4))
    ended = process.poll() is not None
    process.send_signal(kind)
    code = process.wait()
    return None if ended else code


def checkpoints(run: Path) -> set[str]:
    """Returns the names in the folder of checkpoints, unfinished ones included."""
    return {path.name for path in (run / "checkpoints").glob("*")}


def _wait(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while process.poll() is None and not reached():
        time.sleep(0.01)


def main() -> None:
    """Prints a table; ends with 1 if a run differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = interrupt_often(Path(folder), options.count, options.seed)
    for kind in KINDS:
        for phase in PHASES:
            codes = [code for name, where, code in result.done if (name, where) == (kind.name, phase)]
            print(f"{kind.name:8} {phase:9} {len(codes):3}  exit codes {sorted({str(code) for code in codes})}")
    print("\n".join(result.different) or "all runs equal the uninterrupted one")
    sys.exit(bool(result.different))


if __name__ == "__main__":
    main()
