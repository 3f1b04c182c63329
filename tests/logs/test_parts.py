"""Of a long backlog, evenly spaced parts and the end are read, and the log says so."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from dreamerguard.logs import Follower, parts, read_run
from dreamerguard.logs.parts import END, PART, Parts

from .wandb_writer import history, write_wandb

ROWS, TEXT = 2000, "x" * 3000


def rows_of(score: str, step: str, update: str) -> list[dict[str, object]]:
    return [{step: i, score: float(i), "text": TEXT, update: i} for i in range(ROWS)]


def lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def log_of(kind: str, folder: Path) -> Path:
    """Writes a log of `ROWS` scores, each equal to its frame, and returns its file."""
    match kind:
        case "native":
            (folder / "run.yaml").write_text("task: dmc_walker_walk\n")
            lines(folder / "metrics.jsonl", [{"frames": 0, "updates": 1}])
            return lines(folder / "scores.jsonl", rows_of("score", "frames", "updates"))
        case "r2dreamer":
            rows = rows_of("episode/score", "step", "train/opt/updates")
            return lines(folder / "metrics.jsonl", [row | {"fps/fps": 9.0} for row in rows])
        case "wandb":
            items = [{"episode/score": float(i), "text": TEXT, "train/opt/updates": i} for i in range(ROWS)]
            write_wandb(folder, [history(item, i) for i, item in enumerate(items)])
            return next(folder.glob("*.wandb"))
        case "export.jsonl":
            return lines(folder / kind, rows_of("episode/score", "_step", "train/opt/updates"))
        case _:
            body = "".join(f"{i},{float(i)},{TEXT},{i}\n" for i in range(ROWS))
            (folder / "export.csv").write_text(f"_step,episode/score,text,train/opt/updates\n{body}")
            return folder / "export.csv"


@pytest.mark.parametrize("kind", ["native", "r2dreamer", "wandb", "export.jsonl", "export.csv"])
def test_a_long_backlog_is_read_in_parts(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = log_of(kind, tmp_path)
    run = file if file.name.startswith("export") else tmp_path
    everything = read_run(run)
    monkeypatch.setattr(parts, "READ", file.stat().st_size // 4)
    monkeypatch.setattr(parts, "END", PART)
    log = read_run(run)
    assert len(everything.train) == ROWS and not everything.problems
    assert ROWS // 6 < len(log.train) < ROWS // 2
    assert all(frames == score for frames, score in log.train)
    assert (log.train.frames[0], log.train.frames[-1]) == (0, ROWS - 1)
    assert max(b - a for a, b in pairwise(log.train.frames)) < 5 * PART // len(TEXT)
    assert [problem.kind for problem in log.problems] == ["sampled"]
    assert not log.problems[0].loses_rows


def test_holes_are_no_backlog(tmp_path: Path) -> None:
    """A log that was cut while its program kept its place begins with a hole; one that was enlarged ends with one."""
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    path = tmp_path / "scores.jsonl"
    rows = "".join(json.dumps({"frames": i, "score": 1.0}) + "\n" for i in range(ROWS))
    with path.open("wb") as file:
        file.truncate(4 * parts.READ)
        file.seek(4 * parts.READ)
        file.write(rows.encode())
    os.truncate(path, 9 * parts.READ)
    if path.stat().st_blocks * 512 > parts.READ:
        pytest.skip("this file system stores holes")
    assert len(read_run(tmp_path).train) == ROWS


def test_lines_longer_than_a_part_are_read_from_all_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    rows = [{"frames": i, "score": 1.0, "text": "x" * (PART + 9)} for i in range(60)]
    file = lines(tmp_path / "scores.jsonl", rows)
    monkeypatch.setattr(parts, "READ", file.stat().st_size // 5)
    log = read_run(tmp_path)
    assert log.train.frames[0] == 0 and log.train.frames[-1] == 59
    assert max(b - a for a, b in pairwise(log.train.frames)) < 20


def test_a_header_longer_than_a_part_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"metric{i}" for i in range(PART // 8)]
    body = "".join(f"{i},{float(i)}{',' * len(names)}\n" for i in range(40))
    file = tmp_path / "export.csv"
    file.write_text(f"_step,episode/score,{','.join(names)}\n{body}")
    monkeypatch.setattr(parts, "READ", file.stat().st_size // 5)
    assert len(read_run(file).train) > 5


def test_a_file_that_starts_again_is_no_sample_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = log_of("native", tmp_path)
    monkeypatch.setattr(parts, "READ", file.stat().st_size // 4)
    follower = Follower(tmp_path)
    follower.poll()
    assert follower.log is not None
    assert "sampled" in {problem.kind for problem in follower.log.problems}
    file.write_text('{"frames": 1, "score": 1.0}\n')
    follower.poll()
    assert "sampled" not in {problem.kind for problem in follower.log.problems}


def test_what_is_appended_later_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = log_of("r2dreamer", tmp_path)
    monkeypatch.setattr(parts, "READ", file.stat().st_size // 4)
    follower = Follower(tmp_path)
    follower.poll()
    assert follower.log is not None
    before = len(follower.log.train)
    with file.open("a") as stream:
        stream.writelines(json.dumps({"step": ROWS + i, "episode/score": 1.0}) + "\n" for i in range(500))
    follower.poll()
    assert len(follower.log.train) == before + 500


def test_rows_that_tell_evaluations_are_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations have the key of training scores; only rows of metrics at the same step tell which they are."""
    rows = [{"step": i, "eval/loss": 1.0, "text": TEXT} for i in range(0, ROWS, 2)]
    file = lines(tmp_path / "metrics.jsonl", rows)
    lines(tmp_path / "scores.jsonl", [{"step": i, "episode/score": float(i % 2)} for i in range(ROWS)])
    monkeypatch.setattr(parts, "READ", file.stat().st_size // 4)
    log = read_run(tmp_path)
    assert {score for _, score in log.train} == {1.0}
    assert len(log.train) == len(log.evals) == ROWS // 2


@pytest.mark.parametrize("start", [0, 1, PART - 1, 5 * PART, 7 * PART + 3])
@pytest.mark.parametrize("more", [0, 1, 3 * PART, 200 << 20, (500 << 20) + 7])
def test_the_parts_of_a_backlog(start: int, more: int) -> None:
    end = start + more
    chosen = Parts(start, end, parts.stride(more))
    position, read = start, 0
    while position < end:
        following = chosen.next(position)
        assert position <= following < end
        stop = chosen.stop(following)
        assert following < stop <= end
        read += stop - following
        position = stop
    assert read == more if more <= parts.READ else END <= read <= parts.READ + END + 2 * PART
