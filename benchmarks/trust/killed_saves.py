"""Kills a process while it saves checkpoints, again and again on one folder, and checks what is left.

    python -m benchmarks.trust.killed_saves [--kills 25] [--seed 0] [--longest 0.05]

A kill is right only if the newest sound checkpoint is at least the last one whose end the process reported, it holds
the values of its step, no checkpoint is damaged, and the next start removes the unfinished save.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from dreamerguard_agent.checkpoints.chunks import ChunkCopy, ChunkLayout, ChunkTable
from dreamerguard_agent.checkpoints.draft import ReplayPlan
from dreamerguard_agent.checkpoints.folder import Checkpoints, newest_sound, steps_in

LAYOUT = ChunkLayout(1, 32, 4, {"x": ("float32", (256,))})


def save_forever(directory: Path, report: int) -> None:
    """Saves a checkpoint after the other; every value is the step, and every step changes one chunk of the replay."""
    checkpoints = Checkpoints(directory, keep=2)
    found = checkpoints.open_newest(lambda text: None)
    step = found.step if found else 0
    while True:
        step += 1
        shared, table = checkpoints.shared(), ChunkTable.empty(LAYOUT, LAYOUT.chunks)
        if shared:
            same = np.ones((1, LAYOUT.chunks), bool)
            same[0, [step % LAYOUT.chunks, (step - 1) % LAYOUT.chunks]] = False
            table.take(shared.tables["records"], shared.shared({"records": same})["records"])
        numbers = {"frames": step, "vector_steps": step, "updates": 0, "starts": 1, "evaluations": 0, "logs": {}}
        ratio = {"first": -1, "done": 0, "numerator": 1, "denominator": 1}
        parts = {"learner": {"a": np.full(20_000, step), "b": np.full(10, step)}}
        pieces = [ChunkCopy("records", 0, int(n), _rows(int(n), step)) for n in np.flatnonzero(table.pack[0] < 0)]
        plan = ReplayPlan({"records": table}, LAYOUT.rows, shared)
        checkpoints.save(step, {**numbers, "ratio": ratio}, parts, plan, pieces)
        os.write(report, step.to_bytes(8, "little"))


def kill_saves(directory: Path, kills: int, seed: int = 0, longest: float = 0.05) -> Counter[str]:
    """Starts and kills ``kills`` processes, each up to ``longest`` seconds after its first save.

    Must run in a process without other threads, because it forks.

    Returns:
      Counts of what was found: ``right``, or what was wrong, and ``rest of a save`` where a kill hit one.
    """
    chance, counts = random.Random(seed), Counter[str]()
    for _ in range(kills):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            try:
                save_forever(directory, writer)
            finally:
                os._exit(1)
        os.close(writer)
        reported = int.from_bytes(os.read(reader, 8), "little")
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(reader, 8):
            reported = int.from_bytes(more, "little")
        os.close(reader)
        counts["rest of a save"] += any(not path.name.isdigit() for path in directory.iterdir())
        counts[_judge(directory, reported)] += 1
    return counts


def _judge(directory: Path, reported: int) -> str:
    found, damaged = newest_sound(directory)
    if damaged:
        return "damaged"
    if found is None or found.step < reported:
        return "lost"
    arrays = found.part("learner")
    if any((arrays[name] != found.step).any() for name in ("a", "b")):
        return "wrong learner"
    for piece in found.pieces("records"):
        if (piece.arrays["x"] != _rows(piece.number, found.step)["x"]).any():
            return "wrong replay"
    Checkpoints(directory, keep=2).open_newest(lambda text: None)
    rest = {path.name for path in directory.iterdir()} - {str(step) for step in steps_in(directory)}
    return "rest stays" if rest else "right"


def _rows(number: int, step: int) -> dict[str, np.ndarray]:
    """A chunk at a step: the last step that changed it."""
    last = step - (step - number) % LAYOUT.chunks
    return {"x": np.full((LAYOUT.chunk, 256), max(last, -1), np.float32)}


def main() -> None:
    """Prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=0.05)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = kill_saves(Path(folder) / "checkpoints", options.kills, options.seed, options.longest)
    for outcome, count in sorted(counts.items()):
        print(f"{outcome}: {count} of {options.kills}")


if __name__ == "__main__":
    main()
