"""Compares the JSON lines of a run with its TensorBoard events, read by TensorBoard."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def rows(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def assert_tensorboard_agrees(directory: Path) -> None:
    """Every scalar of the JSON lines stands once in TensorBoard, in order, and no other."""
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    read = EventAccumulator(str(directory / "tensorboard"), size_guidance={SCALARS: 0})
    read.Reload()
    found = {tag: [(event.step, event.value) for event in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    wanted: dict[str, list[tuple[int, float]]] = {}
    for name, prefix in (("scores", "episode/"), ("metrics", ""), ("eval", "eval/")):
        for row in rows(directory / f"{name}.jsonl"):
            for key, value in row.items():
                if key != "frames" and not isinstance(value, list):
                    number = np.float32(np.nan if value is None else value)
                    wanted.setdefault(prefix + key, []).append((row["frames"], number))
    assert found.keys() == wanted.keys()
    for tag, series in wanted.items():
        read_back = np.asarray(found[tag])
        read_back[np.isinf(read_back)] = np.nan  # JSON has one value for all that is not finite
        np.testing.assert_allclose(read_back, series, rtol=1e-6, err_msg=tag)
