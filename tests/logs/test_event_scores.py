"""Scores that stand only in TensorBoard event files, of every program, and damages of these files."""

from __future__ import annotations

import random
import shutil
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.logs import Follower, LogError, RunLog, read_run
from dreamerguard.logs.checksum import masked_crc
from dreamerguard.logs.event_files import LONG_RECORD, read_events
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Watcher
from dreamerguard_agent.runtime.records import SeedRecords

from ..regression.run_logs import append, native_run, walker
from .event_writer import event, record, start, write_events

#: Program -> folder of the event files, tag of the scores, another tag, whether it writes tensors, frames per step.
PROGRAMS = {
    "native": ("tensorboard", "episode/score", "train_ratio/achieved", False, 1),
    "danijar": (".", "episode/score", "fps/policy", True, 1),
    "nm512_torch": (".", "scalars/train_return", "scalars/model_loss", False, 1),
    "r2dreamer": (".", "episode/score", "fps/fps", False, 1),
    "sheeprl": ("version_0", "Rewards/rew_avg", "Loss/policy_loss", False, 2),
    "torchrl": (".", "train/reward", "loss_actor", False, 2),
}


def records(program: str, gain: float = 1.0) -> list[bytes]:
    """A run of walker-walk that repeats a published seed."""
    _, tag, other, wide, repeat = PROGRAMS[program]
    found, envelope = [record(b"\x1a\x0dbrain.Event:2")], walker()
    for edge, value in zip(envelope.grid, envelope.curves[0], strict=True):
        for part in range(4):
            step = (int(edge) - 8000 + 2500 * part) // repeat
            found += [event(step, tag, (value or 0.0) * gain, wide), event(step, other, 2.0, wide)]
            if program == "native":
                found += [event(step, "episode/env", 0.0), event(step, "updates", step / 4)]
    return found


def scores(log: RunLog) -> list[tuple[float, float]]:
    return list(log.train)


@pytest.mark.parametrize("program", PROGRAMS)
def test_scores_in_event_files_alone_are_scores(tmp_path: Path, program: str) -> None:
    write_events(tmp_path / PROGRAMS[program][0], records(program))
    status = Watcher(tmp_path, "dmc_walker_walk", "dmc_proprio", 2).look()
    assert status.log is not None and status.verdict is not None
    assert status.log.program == program
    assert len(status.log.train) == 4 * len(walker().grid)
    assert status.verdict.state is State.OK
    assert status.log.problems == []


@pytest.mark.parametrize("program", ["native", "danijar", "nm512_torch", "r2dreamer"])
def test_scores_in_json_lines_come_first(tmp_path: Path, program: str) -> None:
    name, x, key = {
        "native": ("scores.jsonl", "frames", "score"),
        "danijar": ("metrics.jsonl", "step", "episode/score"),
        "nm512_torch": ("metrics.jsonl", "step", "train_return"),
        "r2dreamer": ("metrics.jsonl", "step", "episode/score"),
    }[program]
    write_events(tmp_path / PROGRAMS[program][0], records(program))
    follower = Follower(tmp_path)
    follower.poll()
    log = follower.log
    assert log is not None and len(log.train) > 100
    append(tmp_path / name, [{x: 1000 * i, key: 7.0} for i in range(1, 4)])
    follower.poll()
    assert scores(log) == [(1000, 7), (2000, 7), (3000, 7)]


def test_a_native_run_without_its_score_file_is_judged_by_its_events(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run")
    write_events(run / "tensorboard", records("native"))
    (run / "scores.jsonl").unlink()
    status = Watcher(run).look()
    assert status.verdict is not None and status.verdict.state is State.OK
    assert status.log is not None and len(status.log.series["updates"]) > 100  # of metrics.jsonl, once


def test_events_of_an_unknown_program_are_no_log(tmp_path: Path) -> None:
    write_events(tmp_path, [event(1, "loss", 1.0)])
    with pytest.raises(LogError, match=r"events\.out\.tfevents\.1700000000\.host\.1 holds no score of a supported"):
        read_run(tmp_path)


def test_a_start_hides_what_was_logged_from_its_step_on(tmp_path: Path) -> None:
    write_events(
        tmp_path / "tensorboard", [event(100 * i, "episode/score", 1.0) for i in range(1, 9)], "events.out.tfevents.1"
    )
    later = [start(500), *(event(100 * i, "episode/score", 2.0) for i in range(5, 7))]
    write_events(tmp_path / "tensorboard", [*later, event(600, "episode/env", 0.0)], "events.out.tfevents.2")
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    assert scores(read_run(tmp_path)) == [(100, 1), (200, 1), (300, 1), (400, 1), (500, 2), (600, 2)]


def test_a_damaged_record_is_left_out_and_those_after_it_are_read(tmp_path: Path) -> None:
    parts = records("sheeprl")
    parts[101] = parts[101][:30] + bytes([parts[101][30] ^ 4]) + parts[101][31:]
    write_events(tmp_path, parts)
    log = read_run(tmp_path, 2)
    assert len(log.train) == 4 * len(walker().grid) - 1
    assert [(problem.kind, problem.count) for problem in log.problems if problem.loses_rows] == [("damaged record", 1)]


def test_a_damaged_length_costs_one_record(tmp_path: Path) -> None:
    parts = records("sheeprl")
    parts[101] = b"\xff" + parts[101][1:]
    write_events(tmp_path, parts)
    log = read_run(tmp_path, 2)
    assert len(log.train) == 4 * len(walker().grid) - 1
    assert [(problem.kind, problem.count) for problem in log.problems if problem.loses_rows] == [("broken record", 1)]


def test_no_flipped_bit_gives_a_score_that_was_not_logged(tmp_path: Path) -> None:
    rng, whole = random.Random(0), b"".join(records("sheeprl"))
    true = {(scalar.step, scalar.tag, scalar.value) for scalar in read_events(whole).scalars}
    for _ in range(400):
        at = rng.randrange(len(whole))
        damaged = whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]
        found = read_events(damaged)
        assert {(scalar.step, scalar.tag, scalar.value) for scalar in found.scalars} <= true
        assert len(found.scalars) >= len(true) - 1
        assert found.damaged + found.broken == 1


def test_flips_turn_no_verdict(tmp_path: Path) -> None:
    rng, whole = random.Random(1), b"".join(records("sheeprl"))
    for number in range(20):
        data = bytearray(whole)
        for _ in range(3):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        write_events(tmp_path / str(number), [bytes(data)])
        verdict = Watcher(tmp_path / str(number), "dmc_walker_walk", "dmc_proprio", 2).look().verdict
        assert verdict is not None and verdict.state is State.OK


@pytest.mark.parametrize(
    "piece",
    [bytes(5000), b"\xff" * 5000, random.Random(2).randbytes(5000), struct.pack("<QI", 1 << 62, 7) * 50, b"\x01" * 13],
    ids=["zeros", "ones", "garbage", "length bombs", "short"],
)
def test_reading_goes_on_behind_what_is_no_record(piece: bytes) -> None:
    parts = records("sheeprl")
    data = b"".join(parts[:100]) + piece + b"".join(parts[100:])
    found = read_events(data)
    assert len(found.scalars) == len(parts) - 1
    assert found.broken == 1


def test_a_sound_length_beyond_the_file_waits_for_the_rest(tmp_path: Path) -> None:
    bomb = struct.pack("<Q", 1 << 30)
    write_events(tmp_path, [*records("sheeprl")[:50], bomb + struct.pack("<I", masked_crc(bomb)), b"x" * 99])
    log = read_run(tmp_path, 2)
    assert len(log.train) == 25
    assert [problem.kind for problem in log.problems if problem.loses_rows] == ["truncated line"]


def test_long_records_of_images_are_passed_over(tmp_path: Path) -> None:
    image = record(b"\x2a" + b"i" * LONG_RECORD)
    parts = [part for each in records("danijar") for part in (each, image)]
    follower, run = Follower(tmp_path / "run"), tmp_path / "run"
    data = b"".join(parts)
    for at in range(0, len(data), 1_000_003):  # cut inside and between records
        write_events(run, [data[at : at + 1_000_003]])
        follower.poll()
    whole = follower.log
    assert whole is not None and len(whole.train) == 4 * len(walker().grid)
    assert whole.problems == []


def test_the_events_of_the_bundled_trainer_give_the_scores_of_its_lines(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    run.mkdir()
    sizes: dict[str, Any] = {}
    for begin, end, score in ((1, 30, 1.0), (20, 40, 2.0)):
        with SeedRecords(run, [0], sizes, tensorboard=True, frames=900 * (begin - 1)) as records:
            for i in range(begin, end):
                records.write(0, "scores", {"frames": 900 * i, "env": 0, "score": score + i, "updates": i})
                records.write(0, "metrics", {"frames": 900 * i, "updates": i, "train_ratio/achieved": 32.0})
                if i == 19:
                    records.sync()
                    sizes = records.sizes()
    shutil.copytree(run / "tensorboard", other / "tensorboard")
    lines, events = read_run(run), read_run(other)
    assert scores(events) == scores(lines)
    assert scores(lines)[-1] == (900 * 39, 41) and len(lines.train) == 39
    assert list(events.series["updates"].values) == list(lines.series["updates"].values)
    assert events.program == "native" and events.problems == []


def test_of_very_many_scores_evenly_spaced_ones_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dreamerguard.logs.event_directory._SCORES", 500)
    monkeypatch.setattr("dreamerguard.logs.event_directory._BACKLOG", 50_000)
    write_events(tmp_path, [event(20 * i, "train_return", float(i)) for i in range(5000)])
    write_events(tmp_path, [event(0, "fps", 1.0)], "events.out.tfevents.1600000000.host.1")
    train = read_run(tmp_path).train
    assert 400 <= len(train) <= 600
    assert all(x == 20 * y for x, y in train)
    assert max(b - a for a, b in pairwise(train.values)) <= 15
