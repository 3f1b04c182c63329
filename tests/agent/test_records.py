"""The logs of a run: brought back to a checkpoint, never shortened unasked, the same in TensorBoard."""

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.trust.log_kills import kill_loop

from ..tensorboard_rows import assert_tensorboard_agrees, rows
from .written_logs import Logs, frames, started


def test_rows_behind_the_checkpoint_are_cut(tmp_path: Path) -> None:
    saved = started(tmp_path)
    logs = Logs(tmp_path, saved)
    logs.train(2)
    logs.end()
    assert frames(tmp_path, "metrics") == [16, 32, 48, 64, 80, 96]
    assert frames(tmp_path, "scores") == [24, 40, 56, 72, 88, 104]
    assert logs.said == []
    assert not list(tmp_path.glob("before-*"))


def test_tensorboard_equals_the_json_lines_after_kills_and_resumes(tmp_path: Path) -> None:
    saved = started(tmp_path)
    for before, after in ((0, 2), (3, 0), (1, 4), (0, 0), (2, 1)):  # some starts are killed before they save
        logs = Logs(tmp_path, saved)
        logs.train(before)
        if before:
            saved = logs.save()
        logs.train(after)
    logs = Logs(tmp_path, saved)
    logs.train(3)
    logs.end()
    assert_tensorboard_agrees(tmp_path)
    assert frames(tmp_path, "metrics") == [16 * number for number in range(1, 14)]


def test_a_running_tensorboard_drops_what_a_resumed_run_writes_again(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    saved = started(tmp_path)
    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert [event.step for event in read.Scalars("loss/dyn")][-1] == 112
    logs = Logs(tmp_path, saved)
    logs.train(1)
    read.Reload()
    assert [event.step for event in read.Scalars("loss/dyn")] == [16, 32, 48, 64, 80]
    logs.end()


@pytest.mark.parametrize("change", ["removed", "cut", "foreign", "never", "hard link"])
def test_event_files_that_do_not_fit_are_written_again(tmp_path: Path, change: str) -> None:
    run = tmp_path / "run"
    saved = started(run)
    (file,) = (run / "tensorboard").iterdir()
    copy = shutil.copy(file, tmp_path / "copy")
    if change == "removed":
        file.unlink()
    elif change == "cut":
        os.truncate(file, 100)
    elif change == "foreign":
        saved["logs"]["tensorboard"][file.name] -= 1
    elif change == "never":
        del saved["logs"]["tensorboard"]
    else:
        os.link(file, tmp_path / "backup")
    logs = Logs(run, saved)
    logs.train(2)
    logs.end()
    assert_tensorboard_agrees(run)
    said = f"{run / 'tensorboard'} does not fit its checkpoint: kept as it was in before-1/"
    assert [text.startswith(said) for text in logs.said] == ([] if change == "removed" else [True])
    if change == "hard link":
        assert (tmp_path / "backup").read_bytes() == Path(copy).read_bytes()


def test_starts_that_are_killed_before_their_first_row_leave_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        logs = Logs(tmp_path)
    logs.end()
    assert len(list((tmp_path / "tensorboard").iterdir())) == 1
    assert not list(tmp_path.glob("before-*"))


def test_one_row_of_metrics_for_the_same_frames(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.train(1)
    logs.records.write(0, "metrics", {"frames": 16})
    saved = logs.save()
    logs.end()
    logs = Logs(tmp_path, saved)
    logs.records.write(0, "metrics", {"frames": 16})
    logs.end()
    assert frames(tmp_path, "metrics") == [16]


def test_a_row_that_ends_a_run_after_its_checkpoint_is_kept(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.train(3)
    logs.frames += 16
    saved = logs.save()  # no metrics were due; the run is stopped and logs once more, but has nothing new to save
    logs.records.write(0, "metrics", {"frames": 64, "loss/dyn": 0.5})
    logs.end()
    for _ in range(3):
        logs = Logs(tmp_path, saved)
        logs.records.write(0, "metrics", {"frames": 64, "loss/dyn": 0.25})
        logs.train(2)
        assert frames(tmp_path, "metrics") == [16, 32, 48, 64, 80, 96]
        assert logs.said == []
    logs.end()
    assert rows(tmp_path / "metrics.jsonl")[3]["loss/dyn"] == 0.5
    assert_tensorboard_agrees(tmp_path)


def test_a_row_at_the_frames_of_the_checkpoint_may_be_of_a_later_start(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.train(3)
    logs.frames += 16
    saved = logs.save()
    logs.end()
    logs = Logs(tmp_path, saved)
    logs.records.write(0, "metrics", {"frames": 64, "loss/dyn": 0.5})
    logs.end()
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    assert frames(tmp_path, "metrics") == [16, 32, 48, 64, 80]
    assert logs.said == []
    assert_tensorboard_agrees(tmp_path)


@pytest.mark.parametrize("length", [0, 1, 40, 100, 101])
def test_a_short_log_is_neither_padded_nor_cut(tmp_path: Path, length: int) -> None:
    saved = started(tmp_path)
    content = (tmp_path / "scores.jsonl").read_bytes()
    os.truncate(tmp_path / "scores.jsonl", length)
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    whole = content[:length].count(b"\n")
    assert frames(tmp_path, "scores") == [*[24, 40, 56, 72][:whole], 88]
    assert "shorter than its checkpoint states" in logs.said[0]
    assert f"{saved['logs']['scores'] - length:,} bytes" in logs.said[0]
    kept = list(tmp_path.glob("before-1/scores.jsonl"))
    assert [path.read_bytes() for path in kept] == ([content[:length]] if length in (1, 40, 101) else [])


def test_a_last_row_without_its_line_end_is_kept(tmp_path: Path) -> None:
    saved = started(tmp_path)
    os.truncate(tmp_path / "scores.jsonl", saved["logs"]["scores"] - 1)
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    assert frames(tmp_path, "scores") == [24, 40, 56, 72, 88]


def test_zeros_of_a_power_cut_are_no_rows(tmp_path: Path) -> None:
    saved = started(tmp_path)
    size = saved["logs"]["scores"]
    line = (tmp_path / "scores.jsonl").read_bytes().index(b"\n") + 1
    os.truncate(tmp_path / "scores.jsonl", line)
    os.truncate(tmp_path / "scores.jsonl", size + 4000)
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    assert frames(tmp_path, "scores") == [24, 88]
    assert f"{size - line:,} bytes shorter" in logs.said[0]


def test_a_missing_log_is_said(tmp_path: Path) -> None:
    saved = started(tmp_path)
    (tmp_path / "metrics.jsonl").unlink()
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    assert "metrics.jsonl is missing" in logs.said[0]
    assert frames(tmp_path, "metrics") == [80]


@pytest.mark.parametrize("wrong", [-1, +1, -60, +60])
def test_a_size_that_cuts_a_row_or_its_frames_loses_nothing(tmp_path: Path, wrong: int) -> None:
    saved = started(tmp_path)
    content = (tmp_path / "scores.jsonl").read_bytes()
    saved["logs"]["scores"] += wrong
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    assert frames(tmp_path, "scores") == [24, 40, 56, 72, 88]
    assert (tmp_path / "before-1" / "scores.jsonl").read_bytes() == content
    assert "does not fit its checkpoint" in logs.said[0]


def test_a_size_on_a_line_end_with_other_frames_loses_nothing(tmp_path: Path) -> None:
    saved = started(tmp_path)
    content = (tmp_path / "scores.jsonl").read_bytes()
    saved["logs"]["scores"] = content.index(b"\n") + 1
    logs = Logs(tmp_path, saved)
    logs.end()
    assert frames(tmp_path, "scores") == [24, 40, 56, 72]
    assert (tmp_path / "before-1" / "scores.jsonl").read_bytes() == content


def test_kills_leave_no_gap_and_no_double(tmp_path: Path) -> None:
    seen = kill_loop(tmp_path, kills=3)
    assert (seen.kills, seen.faults) == (3, 0)
