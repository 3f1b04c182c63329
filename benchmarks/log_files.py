"""Writes logs of a million rows as the training programs, TensorBoard and Weights & Biases do."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from dreamerguard.logs.checksum import masked_crc
from tests.logs.wandb_writer import HEADER, field, item, run, varint, write_records

#: Values of a row, without its step.
Values = dict[str, float]

#: Program -> keys of the score, the speed and the updates, and a pattern of the keys of losses.
KEYS = {
    "native": ("score", "fps/frames", "updates", "loss/part{}"),
    "danijar": ("episode/score", "fps/policy", "train/opt/updates", "train/loss/part{}"),
    "nm512_torch": ("train_return", "fps", "update_count", "part{}_loss"),
    "r2dreamer": ("episode/score", "fps/fps", "train/opt/updates", "train/loss/part{}"),
    "sheeprl": ("Rewards/rew_avg", "Time/sps_env_interaction", "Params/replay_ratio", "Loss/part{}_loss"),
    "torchrl": ("score", "wall_time", "updates", "loss_part{}"),
}
#: Key of the steps in JSON lines.
_STEPS = {"native": "frames", "torchrl": "environment_steps"}
#: Losses in a row of metrics, and the frames of the run.
_LOSSES, _FRAMES = 30, 490_000


def rows(program: str, count: int) -> Iterator[tuple[int, Values]]:
    """Yields steps and values: an episode, a speed and a row of losses in turn."""
    score, speed, updates, loss = KEYS[program]
    losses = {loss.format(i): i / 7 for i in range(_LOSSES)}
    for i in range(count):
        step = (i + 1) * _FRAMES // count
        if i % 3 == 0:
            yield step, {score: 900 * (1 - math.exp(-i / count * 5)), "episode/length": 500.0}
        elif i % 3 == 1:
            yield step, {speed: 100.0}
        else:
            yield step, {updates: float(i), **losses}


def write_lines(folder: Path, program: str, count: int) -> None:
    """Writes JSON lines."""
    x = _STEPS.get(program, "step")
    with (folder / "metrics.jsonl").open("w") as file:
        if program == "native":
            file.write('{"frames": 1000, "updates": 1, "fps/frames": 100.0}\n')
        else:
            file.writelines(json.dumps({x: step, **values}) + "\n" for step, values in rows(program, count))
    if program == "native":
        with (folder / "scores.jsonl").open("w") as file:
            for i in range(count):
                score, frames = 900 * (1 - math.exp(-i / count * 5)), (i + 1) * _FRAMES // count
                row = {"frames": frames, "step": i, "env": 0, "score": score, "length": 501, "updates": i, "time": 0.5}
                file.write(json.dumps(row) + "\n")
    if program == "danijar":
        with (folder / "metrics.jsonl").open() as source, (folder / "scores.jsonl").open("w") as file:
            file.writelines(line for line in source if "episode/score" in line)


def write_scalars(folder: Path, program: str, count: int) -> None:
    """Writes the CSV file of torchrl's ``CSVLogger``; every row is a score."""
    (folder / "scalars").mkdir()
    with (folder / "scalars" / f"{KEYS[program][0]}.csv").open("w") as file:
        for i in range(count):
            file.write(f"{(i + 1) * _FRAMES // count},{900 * (1 - math.exp(-i / count * 5))}\n")


def write_events(folder: Path, program: str, count: int) -> None:
    """Writes a TensorBoard event file with about so many scalars, each in its record."""
    with (folder / "events.out.tfevents.1700000000.host.1").open("wb") as file:
        for step, values in rows(program, 3 * count // (_LOSSES + 4)):
            for tag, value in values.items():
                file.write(_event(step, tag, value))


def write_scores_only(folder: Path, program: str, count: int) -> None:
    """Writes a TensorBoard event file in which every record is a score."""
    with (folder / "events.out.tfevents.1700000000.host.1").open("wb") as file:
        for i in range(count):
            score = 900 * (1 - math.exp(-i / count * 5))
            file.write(_event((i + 1) * _FRAMES // count, KEYS[program][0], score))


def write_wandb(folder: Path, program: str, count: int) -> None:
    """Writes the ``run-*.wandb`` file of an offline run."""
    with (folder / "run-abc.wandb").open("wb") as file:
        file.write(HEADER)
        start = run({"task": "dmc_walker_walk", "script": "train", "env": {"dmc": {"repeat": 1}}})
        write_records(file.write, chain([start], (_history(step, values) for step, values in rows(program, count))))


def write_csv(folder: Path, program: str, count: int) -> None:
    """Writes ``run.history()`` as CSV: a column for every key."""
    names = list(dict.fromkeys(key for _, values in rows(program, 3) for key in values))
    with (folder / "export.csv").open("w") as file:
        file.write(",_step," + ",".join(names) + "\n")
        for i, (step, values) in enumerate(rows(program, count)):
            file.write(f"{i},{step}," + ",".join(str(values[k]) if k in values else "" for k in names) + "\n")


def write_chart(folder: Path, program: str, count: int) -> None:
    """Writes a chart of the scores as CSV."""
    key = f"sunny-sky-1 - {KEYS[program][0]}"
    with (folder / "export.csv").open("w") as file:
        file.write(f'"Step","{key}","{key}__MIN","{key}__MAX"\n')
        for i in range(count):
            score = 900 * (1 - math.exp(-i / count * 5))
            file.write(f'"{(i + 1) * _FRAMES // count}","{score:.3f}","{score:.3f}","{score:.3f}"\n')


def write_exported_lines(folder: Path, program: str, count: int) -> None:
    """Writes ``run.scan_history()`` as JSON lines."""
    with (folder / "export.jsonl").open("w") as file:
        file.writelines(json.dumps({**values, "_step": step}) + "\n" for step, values in rows(program, count))


def write_json(folder: Path, program: str, count: int) -> None:
    """Writes the scores of ``run.scan_history()`` as one list; a million rows fit into 64 MiB."""
    key = KEYS[program][0]
    with (folder / "export.json").open("w") as file:
        for i in range(count):
            score = round(900 * (1 - math.exp(-i / count * 5)), 3)
            row = {"_step": (i + 1) * _FRAMES // count, key: score}
            file.write(("[" if not i else ", ") + json.dumps(row))
        file.write("]")


def _record(payload: bytes) -> bytes:
    head = struct.pack("<Q", len(payload))
    check = struct.pack("<I", masked_crc(payload, many=True))
    return head + struct.pack("<I", masked_crc(head)) + payload + check


def _event(step: int, tag: str, value: float) -> bytes:
    inner = field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)
    time = b"\x09" + struct.pack("<d", 1.7e9 + step)
    return _record(time + b"\x10" + varint(step) + field(5, field(1, inner)))


_items: dict[tuple[str, float], bytes] = {}


def _history(step: int, values: Values) -> bytes:
    parts = []
    for key, value in values.items():
        if (key, value) in _items:
            parts.append(_items[key, value])
            continue
        part = item(key, value)
        if len(_items) < 100_000 and "loss" in key.lower():
            _items[key, value] = part
        parts.append(part)
    items = b"".join(parts) + item("_timestamp", 1.7e9 + step) + item("_runtime", step / 7) + item("_step", step)
    return b"\x08\x07" + field(2, items + field(2, b"\x08" + varint(step)))
