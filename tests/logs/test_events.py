"""TensorBoard event files of sheeprl, written by TensorBoard itself and read without it."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest

from dreamerguard.logs import Follower, read_run
from dreamerguard.logs.checksum import masked_crc
from dreamerguard.logs.event_files import read_events

CONFIG = """
env:
  id: walker_walk
  action_repeat: 2
  wrapper: {_target_: sheeprl.envs.dmc.DMCWrapper, domain_name: walker, task_name: walk}
algo:
  total_steps: 500000
  replay_ratio: 0.5
  learning_starts: 1300
  per_rank_batch_size: 16
  per_rank_sequence_length: 64
  cnn_keys: {encoder: [rgb]}
"""


def _write(folder: Path, rows: list[tuple[int, str, float]], suffix: str = "") -> Path:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder), filename_suffix=suffix)
    for step, tag, value in rows:
        writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])))
    writer.close()
    return max(folder.glob(f"events*{suffix}"))


def test_sheeprl(tmp_path: Path) -> None:
    rows = [(1000 * i, "Rewards/rew_avg", 10.0 * i) for i in range(4)]
    rows += [(4000, "Params/replay_ratio", 0.49), (4000, "Loss/world_model_loss", 7.0), (4000, "Other/tag", 1.0)]
    _write(tmp_path / "version_0", [*rows, (0, "Test/cumulative_reward", 55.0)])
    (tmp_path / "version_0" / "config.yaml").write_text(CONFIG)
    log = read_run(tmp_path)
    assert log.program == "sheeprl"
    assert list(log.train) == [(0, 0), (2000, 10), (4000, 20), (6000, 30)]  # frames: steps x action repeat
    assert list(log.evals) == [(8000, 55)]  # logged at step 0, played at the end
    assert log.series["train_ratio"].last == pytest.approx(0.49 * 1024)
    assert log.series["loss/world_model"].last == 7
    assert (log.facts.task, log.facts.suite, log.facts.frames) == ("dmc_walker_walk", "dmc_vision", 1_000_000)
    assert log.facts.train_ratio == 512
    assert log.problems == []


def test_without_a_configuration_the_action_repeat_is_asked_for(tmp_path: Path) -> None:
    _write(tmp_path, [(1000, "Rewards/rew_avg", 1.0)])
    assert [problem.kind for problem in read_run(tmp_path).problems] == ["no config"]
    log = read_run(tmp_path, action_repeat=4)
    assert (list(log.train.frames), log.problems) == ([4000], [])


def test_a_resumed_run_starts_a_new_file(tmp_path: Path) -> None:
    _write(tmp_path, [(1000 * i, "Rewards/rew_avg", 1.0) for i in range(1, 6)], ".1")
    _write(tmp_path, [(3000, "Rewards/rew_avg", 2.0), (4000, "Rewards/rew_avg", 2.0)], ".2")
    log = read_run(tmp_path, 1)
    assert list(log.train) == [(1000, 1), (2000, 1), (3000, 2), (4000, 2)]
    assert "resumed" in {problem.kind for problem in log.problems}


def test_files_of_one_second_are_read_by_their_number(tmp_path: Path) -> None:
    old = _write(tmp_path / "old", [(1000 * i, "Rewards/rew_avg", 1.0) for i in range(1, 6)])
    new = _write(tmp_path / "new", [(3000, "Rewards/rew_avg", 2.0)])
    old.rename(tmp_path / "events.out.tfevents.1700000000.host.7.9")
    new.rename(tmp_path / "events.out.tfevents.1700000000.host.7.10")
    assert list(read_run(tmp_path, 1).train) == [(1000, 1), (2000, 1), (3000, 2)]


def test_every_cut_of_a_file_is_tolerated_and_completed_later(tmp_path: Path) -> None:
    whole = _write(tmp_path / "whole", [(i, "Rewards/rew_avg", float(i)) for i in range(1, 4)]).read_bytes()
    full = [scalar.value for scalar in read_events(whole).scalars]
    assert full == [1, 2, 3]
    for cut in range(len(whole)):
        found = read_events(whole[:cut])
        rest = read_events(whole[found.used :])
        assert not found.broken
        assert [scalar.value for scalar in found.scalars + rest.scalars] == full
    run = tmp_path / "run"
    run.mkdir()
    follower = Follower(run, 1)
    for cut in range(0, len(whole) + 7, 7):
        (run / "events.out.tfevents.1.host").write_bytes(whole[:cut])
        follower.poll()
    assert follower.log is not None
    assert list(follower.log.train.values) == full
    assert follower.log.problems == []


def test_a_damaged_length_ends_the_file(tmp_path: Path) -> None:
    path = _write(tmp_path, [(i, "Rewards/rew_avg", float(i)) for i in range(1, 4)])
    data = path.read_bytes()
    second = read_events(data[: 3 * len(data) // 4]).used
    path.write_bytes(data[:second] + b"\xff" * 8 + data[second + 8 :])
    log = read_run(tmp_path, 1)
    assert 1 <= len(log.train) < 3
    assert [problem.kind for problem in log.problems] == ["broken record"]


def test_nan_and_unknown_bytes(tmp_path: Path) -> None:
    _write(tmp_path, [(1, "Rewards/rew_avg", math.nan), (2, "Loss/policy_loss", math.nan), (3, "Rewards/rew_avg", 3.0)])
    log = read_run(tmp_path, 1)
    assert list(log.train) == [(3, 3)]
    assert log.nonfinite["loss/policy"].count == 1
    payload = b"\x99\x99\x99"  # a record that is no event
    head = struct.pack("<Q", len(payload))
    record = head + struct.pack("<I", masked_crc(head)) + payload + b"\0\0\0\0"
    assert read_events(record).scalars == []
    assert read_events(record).used == len(record)


def test_checksum_of_the_standard_example() -> None:
    # CRC-32C of 32 zero bytes is 0x8a9136aa (RFC 3720, B.4); masked as in record files
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
