"""Logs as a run writes them, for tests that damage them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from dreamerguard_agent.runtime.records import SeedRecords

from ..tensorboard_rows import rows

NAMES = ("scores", "metrics", "eval")


class Logs:
    """A run that writes rows and saves, with or without an end.

    As in a run of two environments with action repeat 8, an episode that ends with a step has its score behind the
    frames of that step.
    """

    def __init__(self, directory: Path, saved: dict[str, Any] | None = None, seeds: tuple[int, ...] = (0,)) -> None:
        directory.mkdir(exist_ok=True)
        self.said: list[str] = []
        self.frames = saved["frames"] if saved else 0
        self.seeds = seeds
        sizes = saved["logs"] if saved else {}
        self.records = SeedRecords(
            directory, seeds, sizes, tensorboard=True, frames=self.frames, ahead=16, say=self.said.append
        )

    def train(self, rows: int) -> None:
        for _ in range(rows):
            self.frames += 16
            for seed in self.seeds:
                score = {"frames": self.frames + 8, "score": self.frames + seed, "time": 1e9 + self.frames}
                self.records.write(seed, "scores", score)
                self.records.write(seed, "metrics", {"frames": self.frames, "loss/dyn": 1 / self.frames, "bad": np.inf})
                if self.frames % 64 == 0:
                    self.records.write(seed, "eval", {"frames": self.frames, "score": 1.5, "scores": [1, 2]})
            self.records.check()

    def save(self) -> dict[str, Any]:
        self.records.check(everything=True)
        self.records.sync()
        return json.loads(json.dumps({"frames": self.frames, "logs": self.records.sizes()}))

    def end(self) -> None:
        with self.records:
            pass


def frames(directory: Path, name: str) -> list[int]:
    return [row["frames"] for row in rows(directory / f"{name}.jsonl")]


def started(directory: Path, before: int = 4, after: int = 3) -> dict[str, Any]:
    """A run that saved after ``before`` rows and was killed ``after`` rows later."""
    logs = Logs(directory)
    logs.train(before)
    saved = logs.save()
    logs.train(after)
    return saved
