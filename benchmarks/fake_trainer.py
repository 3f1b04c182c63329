"""A training program that trains nothing: it writes scores along a given curve, quickly, and can be interrupted.

    python benchmarks/fake_trainer.py --logdir FOLDER --final 900 --seed 0 [--rows 200] [--seconds 0.5]

A start continues after the rows of the last one. SIGTERM ends it with 143. The file ``starts`` gets a line at each
start, ``ends`` at each end of the whole run, so that a run that was run twice shows.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import sys
import time
from types import FrameType

#: Pieces in which the rows are written.
_PIECES = 5


def main() -> int:
    """Writes the rows that are missing. Returns the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", required=True)
    parser.add_argument("--final", type=float, default=900.0, help="score at the end")
    parser.add_argument("--task", default="task")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--frames", type=int, default=500_000)
    args = parser.parse_args()
    os.makedirs(args.logdir, exist_ok=True)  # noqa: PTH103 - starts as fast as it can
    _note(args.logdir, "starts")
    rows = [row(number, args.rows, args.frames, args.final, args.seed) for number in range(args.rows)]
    done = _whole_rows(os.path.join(args.logdir, "scores.jsonl"))  # noqa: PTH118
    with open(os.path.join(args.logdir, "scores.jsonl"), "a", encoding="utf-8") as file:  # noqa: PTH118, PTH123
        for piece in range(_PIECES):
            end = (piece + 1) * args.rows // _PIECES
            if done < end:
                time.sleep(args.seconds / _PIECES)
                file.write("".join(rows[done:end]))
                file.flush()
                done = end
    _note(args.logdir, "ends")
    return 0


def row(number: int, rows: int, frames: int, final: float, seed: int) -> str:
    """Returns one line of the log, with the keys of the bundled trainer."""
    share = (number + 1) / rows
    noise = random.Random(f"{seed} {number}").gauss(0.0, 0.03 * final)
    score = max(final * (1 - math.exp(-4 * share)) / (1 - math.exp(-4)) + noise, 0.0)
    return f'{{"frames": {round(share * frames)}, "score": {score:.2f}}}\n'


def _whole_rows(path: str) -> int:
    """Counts the rows of an earlier start, and cuts off half a row."""
    try:
        with open(path, "r+b") as file:  # noqa: PTH123
            text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            file.truncate(len(whole))
            return whole.count(b"\n")
    except FileNotFoundError:
        return 0


def _note(folder: str, name: str) -> None:
    handle = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)  # noqa: PTH118
    os.write(handle, f"{os.getpid()} {time.time():.3f}\n".encode())
    os.close(handle)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
