"""Writes run directories as programs do, from published curves, for tests of everything that reads them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from dreamerguard.regression.published import Envelope, load_envelope

Row = dict[str, Any]


def walker(suite: str = "dmc_proprio") -> Envelope:
    """The published curves of walker-walk."""
    envelope = load_envelope(suite, "dmc_walker_walk")
    assert envelope is not None
    return envelope


def append(path: Path, rows: list[Row | str]) -> None:
    """Appends JSON lines, or text as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for row in rows:
            file.write(row if isinstance(row, str) else json.dumps(row) + "\n")


def native_run(
    directory: Path,
    seed: int = 0,
    *,
    gain: float = 1.0,
    cells: int = 49,
    ratio: float = 512,
    edition: str | None = "paper-2023",
    repeat: int = 2,
    noise: float = 4.0,
) -> Path:
    """A native run of walker-walk that repeats a published seed, its score times ``gain``, up to a cell."""
    envelope, rng = walker(), random.Random(seed)
    directory.mkdir(parents=True)
    settings = {
        "task": "dmc_walker_walk",
        "edition": edition,
        "seed": seed,
        "env": {"action_repeat": repeat},
        "run": {"frames": 490_000, "train_ratio": ratio},
        "replay": {"batch_size": 16, "batch_length": 64},
    }
    (directory / "run.yaml").write_text(json.dumps(settings))
    scores: list[Row | str] = []
    metrics: list[Row | str] = []
    for index in range(cells):
        middle = (envelope.curves[seed % 5][index] or 0.0) * gain
        for part in range(5):
            frames = int(envelope.grid[index]) - 8000 + 2000 * part
            scores.append({"frames": frames, "score": middle + rng.gauss(0, noise), "length": 501})
            row: Row = {"frames": frames, "updates": int(frames / repeat * ratio / 1024), "fps/frames": 200.0}
            row |= {"train_ratio/configured": ratio, "train_ratio/achieved": ratio}
            metrics.append(row | {"loss/dyn": 2.0, "loss/rep": 2.0, "opt/grad_norm": 3.0, "rand/action": 0.5})
    append(directory / "scores.jsonl", scores)
    append(directory / "metrics.jsonl", metrics)
    return directory
