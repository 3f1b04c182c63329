"""Kills a process that trains nothing but logs and saves as fast as it can, and checks what it leaves.

The child uses the trainer's own logs and stores their sizes as a checkpoint does: durably, after the logs. After each
kill the logs are opened again, so the next child resumes. ``python -m benchmarks.trust.log_kills 25`` prints the table.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamerguard.util.replace_file import replace_file
from dreamerguard_agent.runtime.records import SeedRecords

NUMBERS = "numbers.json"


@dataclass
class Kills:
    """What was seen after kills.

    Attributes:
      kills: number of kills.
      unsaved: kills that left rows behind the last checkpoint.
      torn: kills that left half a row.
      faults: rows that were missing, doubled or not in TensorBoard afterwards.
    """

    kills: int = 0
    unsaved: int = 0
    torn: int = 0
    faults: int = 0


def kill_loop(directory: Path, kills: int, seed: int = 0) -> Kills:
    """Kills as many children on one directory and checks the logs after each."""
    draw, seen = random.Random(seed), Kills()
    for _ in range(kills):
        command = [sys.executable, "-m", "benchmarks.trust.log_kills", "child", str(directory)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert child.stdout is not None
        if child.stdout.readline() != "saved\n":
            raise RuntimeError("the child did not start")
        time.sleep(draw.uniform(0, 0.2))
        child.kill()
        child.communicate()
        seen.kills += 1
        saved = _numbers(directory)
        tail = (directory / "scores.jsonl").read_bytes()[saved["logs"]["scores"] :]
        seen.unsaved += bool(tail)
        seen.torn += bool(tail) and not tail.endswith(b"\n")
        with _open(directory):
            pass
        seen.faults += _faults(directory, saved["frames"])
    return seen


def run_child(directory: Path) -> None:
    """Logs and saves until it is killed. Says that it has saved once."""
    records, frames = _open(directory), _numbers(directory)["frames"]
    draw = random.Random(os.getpid())
    while True:
        for _ in range(draw.randrange(1, 40)):
            frames += 1
            records.write(0, "scores", {"frames": frames, "score": 1 / frames})
            records.write(0, "metrics", {"frames": frames, "loss/dyn": 2.0, "text": "x" * draw.randrange(300)})
        records.sync()
        numbers = {"frames": frames, "logs": records.sizes()}
        replace_file(directory / NUMBERS, json.dumps(numbers).encode())
        sys.stdout.write("saved\n")
        sys.stdout.flush()


def _numbers(directory: Path) -> dict[str, Any]:
    path = directory / NUMBERS
    return json.loads(path.read_text()) if path.exists() else {"frames": 0, "logs": {}}


def _open(directory: Path) -> SeedRecords:
    saved = _numbers(directory)

    def fail(text: str) -> None:
        raise RuntimeError(f"a kill must not leave this: {text}")

    return SeedRecords(directory, (0,), saved["logs"], tensorboard=True, frames=saved["frames"], say=fail)


def _faults(directory: Path, frames: int) -> int:
    """Returns the rows that differ from one per frame, in the JSON lines and in TensorBoard."""
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    wanted = list(range(1, frames + 1))
    events = EventAccumulator(str(directory / "tensorboard"), size_guidance={SCALARS: 0})
    events.Reload()
    found = [[event.step for event in events.Scalars(tag)] for tag in ("episode/score", "loss/dyn")]
    for name in ("scores", "metrics"):
        found.append([json.loads(line)["frames"] for line in (directory / f"{name}.jsonl").read_text().splitlines()])
    return sum(steps != wanted for steps in found)


def main(words: list[str]) -> None:
    """Prints the table, or runs a child."""
    if words[:1] == ["child"]:
        run_child(Path(words[1]))
    with tempfile.TemporaryDirectory() as folder:
        seen = kill_loop(Path(folder), int(words[0]) if words else 25)
    print(f"kills {seen.kills}, with unsaved rows {seen.unsaved}, with a torn row {seen.torn}, faults {seen.faults}")


if __name__ == "__main__":
    main(sys.argv[1:])
