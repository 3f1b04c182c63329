"""A long W&B file or export is read as a short one: every score counts, and rows that stand out are seen."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.logs.follow import Follower, read_run

from .wandb_writer import history, write_wandb

COUNT = 9000
Rows = list[tuple[int, dict[str, Any]]]


def rows() -> Rows:
    """Rows of several kinds: scores with other keys in any order, metrics, evaluations, and values that stand out."""
    rng = random.Random(3)
    found: Rows = []
    for i in range(COUNT):
        row: dict[str, Any] = {"train/opt/updates": i + 1, "train/loss/dyn": rng.choice((1.0, 2, 1e-7))}
        if i % 3 == 0:
            row |= {"episode/score": rng.choice((rng.random() * 900, 7, -1.5e-3)), "episode/length": 500}
        if i % 100 == 7:
            row["text"] = "x" * rng.choice((10, 200, 40_000))
        if i % 1500 == 4:
            row |= {"eval/loss": 1.0, "episode/score": 3.0 + i}
        keys = list(row)
        rng.shuffle(keys)
        found.append((20 * i, {key: row[key] for key in (keys if i % 50 == 0 else row)}))
    found[COUNT // 2][1]["train/loss/dyn"] = float("nan")
    return found


def as_wandb(folder: Path, found: Rows) -> Path:
    return write_wandb(folder, [history(row, step) for step, row in found])


def as_csv(folder: Path, found: Rows) -> Path:
    names = list(dict.fromkeys(key for _, row in found for key in row))
    with (folder / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["_step", *names])
        writer.writeheader()
        writer.writerows({"_step": step, **row} for step, row in found)
    text = (folder / "a.csv").read_text().replace("nan", "NaN")
    (folder / "a.csv").write_text(text)
    return folder / "a.csv"


def as_quoted_csv(folder: Path, found: Rows) -> Path:
    path = as_csv(folder, [(step, {k: v for k, v in row.items() if k != "text"}) for step, row in found])
    lines = path.read_text().splitlines()
    path.write_text("".join(",".join(f'"{cell}"' if cell else "" for cell in line.split(",")) + "\n" for line in lines))
    return path


def as_lines(folder: Path, found: Rows) -> Path:
    (folder / "a.jsonl").write_text("".join(json.dumps({"_step": step, **row}) + "\n" for step, row in found))
    return folder / "a.jsonl"


def as_list(folder: Path, found: Rows, opening: str = "[", closing: str = "]", between: str = ", ") -> Path:
    table = [{"_step": step, **row, "nested": [{"a": 1}, {"a": "}, {"}]} for step, row in found]
    (folder / "a.json").write_text(opening + between.join(map(json.dumps, table)) + closing)
    return folder / "a.json"


def as_history(folder: Path, found: Rows) -> Path:
    return as_list(folder, found, '\ufeff {"history" :\n [', '] , "id": 3}', "\n,\n")


@pytest.mark.parametrize("write", [as_wandb, as_csv, as_quoted_csv, as_lines, as_list, as_history])
def test_every_score_counts(tmp_path: Path, write: Callable[[Path, Rows], Path]) -> None:
    found = rows()
    log = read_run(write(tmp_path, found))
    evaluations = {step for step, row in found if "eval/loss" in row}
    expected = [(step, row["episode/score"]) for step, row in found if "episode/score" in row]
    assert list(log.train) == [(x, y) for x, y in expected if x not in evaluations]
    assert list(log.evals) == [(x, y) for x, y in expected if x in evaluations]
    assert len(evaluations) == 6
    assert log.nonfinite["loss/dyn"].first == 20 * (COUNT // 2)
    assert 1000 < len(log.series["loss/dyn"]) < COUNT
    assert [problem.kind for problem in log.problems] == ["mixed episodes"]


def test_own_steps_count_before_those_of_wandb(tmp_path: Path) -> None:
    found = [(i, {"step": 20 * i, "episode/score": float(i), "global_step": 3 * i}) for i in range(COUNT)]
    for write in (as_wandb, as_csv, as_lines, as_list):
        (folder := tmp_path / write.__name__).mkdir()
        assert list(read_run(write(folder, found)).train) == [(20 * i, i) for i in range(COUNT)]


def test_a_list_that_ends_early_gives_the_rows_before_and_a_note(tmp_path: Path) -> None:
    path = as_list(tmp_path, rows())
    text = path.read_text()
    follower = Follower(path)
    path.write_text(text[: len(text) // 2])
    follower.poll()
    assert follower.log is None or [p.kind for p in follower.log.problems] == ["damaged record"]
    path.write_text(text)
    follower.poll()
    assert follower.log is not None
    assert len(follower.log.train) == len(read_run(path).train)
