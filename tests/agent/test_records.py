"""The logs of a run: brought back to a checkpoint, never shortened unasked, the same in TensorBoard."""

import errno
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.trust.log_kills import kill_loop
from dreamerguard_agent.runtime import append_file
from dreamerguard_agent.runtime.append_file import UnusableLogs
from dreamerguard_agent.runtime.records import RunDirectoryLost, SeedRecords

from ..tensorboard_rows import assert_tensorboard_agrees, rows

NAMES = ("scores", "metrics", "eval")


class Logs:
    """A run that writes rows and saves, with or without an end."""

    def __init__(self, directory: Path, saved: dict[str, Any] | None = None, seeds: tuple[int, ...] = (0,)) -> None:
        directory.mkdir(exist_ok=True)
        self.said: list[str] = []
        self.frames = saved["frames"] if saved else 0
        self.seeds = seeds
        sizes = saved["logs"] if saved else {}
        self.records = SeedRecords(directory, seeds, sizes, tensorboard=True, frames=self.frames, say=self.said.append)

    def train(self, rows: int) -> None:
        for _ in range(rows):
            self.frames += 16
            for seed in self.seeds:
                score = {"frames": self.frames - 3, "score": self.frames + seed, "time": 1e9 + self.frames}
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


def test_rows_behind_the_checkpoint_are_cut(tmp_path: Path) -> None:
    saved = started(tmp_path)
    logs = Logs(tmp_path, saved)
    logs.train(2)
    logs.end()
    assert frames(tmp_path, "metrics") == [16, 32, 48, 64, 80, 96]
    assert frames(tmp_path, "scores") == [13, 29, 45, 61, 77, 93]
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
    if change == "hard link":
        assert (tmp_path / "backup").read_bytes() == Path(copy).read_bytes()


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


@pytest.mark.parametrize("length", [0, 1, 40, 100, 101])
def test_a_short_log_is_neither_padded_nor_cut(tmp_path: Path, length: int) -> None:
    saved = started(tmp_path)
    content = (tmp_path / "scores.jsonl").read_bytes()
    os.truncate(tmp_path / "scores.jsonl", length)
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    whole = content[:length].count(b"\n")
    assert frames(tmp_path, "scores") == [*[13, 29, 45, 61][:whole], 77]
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
    assert frames(tmp_path, "scores") == [13, 29, 45, 61, 77]


def test_zeros_of_a_power_cut_are_no_rows(tmp_path: Path) -> None:
    saved = started(tmp_path)
    size = saved["logs"]["scores"]
    line = (tmp_path / "scores.jsonl").read_bytes().index(b"\n") + 1
    os.truncate(tmp_path / "scores.jsonl", line)
    os.truncate(tmp_path / "scores.jsonl", size + 4000)
    logs = Logs(tmp_path, saved)
    logs.train(1)
    logs.end()
    assert frames(tmp_path, "scores") == [13, 77]
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
    assert frames(tmp_path, "scores") == [13, 29, 45, 61, 77]
    assert (tmp_path / "before-1" / "scores.jsonl").read_bytes() == content
    assert "does not fit its checkpoint" in logs.said[0]


def test_a_size_on_a_line_end_with_other_frames_loses_nothing(tmp_path: Path) -> None:
    saved = started(tmp_path)
    content = (tmp_path / "scores.jsonl").read_bytes()
    saved["logs"]["scores"] = content.index(b"\n") + 1
    logs = Logs(tmp_path, saved)
    logs.end()
    assert frames(tmp_path, "scores") == [13, 29, 45, 61]
    assert (tmp_path / "before-1" / "scores.jsonl").read_bytes() == content


@pytest.mark.parametrize("size", [-5, 2**38, 1.5, True, "12", None, [1]])
def test_numbers_of_a_stranger_change_no_file(tmp_path: Path, size: Any) -> None:
    saved = started(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    saved["logs"]["scores"] = size
    if size is None:  # as if the checkpoint did not state it: the rows up to its frames are kept
        Logs(tmp_path, saved).end()
        assert frames(tmp_path, "scores") == [13, 29, 45, 61]
        return
    with pytest.raises(UnusableLogs, match=r"scores\.jsonl, which is not plausible"):
        Logs(tmp_path, saved)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "saved", [{"frames": -1, "logs": {}}, {"frames": 16, "logs": [1]}, {"frames": "x", "logs": {}}]
)
def test_numbers_of_a_stranger_are_refused(tmp_path: Path, saved: dict[str, Any]) -> None:
    with pytest.raises(UnusableLogs, match="the checkpoint is damaged"):
        Logs(tmp_path, saved)


def test_rows_without_a_checkpoint_are_refused(tmp_path: Path) -> None:
    started(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UnusableLogs, match=r"no checkpoint to continue from.*--restart"):
        Logs(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_event_files_without_a_log_are_set_aside(tmp_path: Path) -> None:
    started(tmp_path)
    for name in NAMES:
        (tmp_path / f"{name}.jsonl").unlink()
    logs = Logs(tmp_path)
    logs.train(1)
    logs.end()
    assert_tensorboard_agrees(tmp_path)
    assert len(list(tmp_path.glob("before-1/tensorboard/*"))) == 1


@pytest.mark.parametrize("name", ["scores.jsonl", "tensorboard", "metrics.jsonl"])
def test_links_are_not_followed(tmp_path: Path, name: str) -> None:
    run, outside = tmp_path / "run", tmp_path / "outside"
    saved = started(run)
    (run / name).rename(outside)
    (run / name).symlink_to(outside)
    before = {path: path.read_bytes() for path in [outside, *outside.rglob("*")] if path.is_file()}
    with pytest.raises(UnusableLogs, match="is a link"):
        Logs(run, saved)
    assert {path: path.read_bytes() for path in before} == before


def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    saved = started(tmp_path)
    (tmp_path / "eval.jsonl").unlink()
    os.mkfifo(tmp_path / "eval.jsonl")
    with pytest.raises(UnusableLogs, match="not a regular file"):
        Logs(tmp_path, saved)


def test_a_backup_of_hard_links_does_not_change(tmp_path: Path) -> None:
    run = tmp_path / "run"
    saved = started(run)
    os.link(run / "scores.jsonl", tmp_path / "backup")
    content = (tmp_path / "backup").read_bytes()
    logs = Logs(run, saved)
    logs.train(1)
    logs.end()
    assert (tmp_path / "backup").read_bytes() == content
    assert frames(run, "scores") == [13, 29, 45, 61, 77]


@pytest.mark.parametrize("seeds", [(0,), (3, 4)])
def test_a_removed_or_replaced_log_is_put_back(tmp_path: Path, seeds: tuple[int, ...]) -> None:
    logs = Logs(tmp_path, seeds=seeds)
    folder = tmp_path if len(seeds) == 1 else tmp_path / "seed4"
    logs.train(3)
    (folder / "scores.jsonl").unlink()
    (folder / "metrics.jsonl").unlink()
    (folder / "metrics.jsonl").write_text("another file")
    shutil.rmtree(folder / "tensorboard")
    logs.train(1)
    assert frames(folder, "scores") == [13, 29, 45, 61]
    assert frames(folder, "metrics") == [16, 32, 48, 64]
    assert (folder / "before-1" / "metrics.jsonl").read_text() == "another file"
    assert_tensorboard_agrees(folder)
    assert len(logs.said) == 3
    if folder != tmp_path:
        shutil.rmtree(folder)
        logs.save()
        assert frames(folder, "scores") == [13, 29, 45, 61]
    logs.end()


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("seeds", [(0,), (3, 4)])
def test_a_removed_run_directory_is_noticed_and_saved_elsewhere(
    tmp_path: Path, seeds: tuple[int, ...], replaced: bool
) -> None:
    run = tmp_path / "run"
    logs = Logs(run, seeds=seeds)
    logs.train(3)
    shutil.rmtree(run)
    if replaced:
        run.mkdir()
        (run / "run.yaml").write_text("another run")
    with pytest.raises(RunDirectoryLost):
        logs.save()
    with pytest.raises(RunDirectoryLost):
        logs.train(1)
    target = logs.records.rescue()
    assert target == (tmp_path / "run-rescued-1" if replaced else run)
    logs.save()
    logs.end()
    folder = target if len(seeds) == 1 else target / "seed4"
    assert frames(folder, "scores") == [13, 29, 45, 61]
    assert_tensorboard_agrees(folder)
    if replaced:
        assert [path.name for path in run.iterdir()] == ["run.yaml"]


class FullDisk:
    """``os.write`` on a disk that takes a few more bytes and then no more."""

    def __init__(self, free: int) -> None:
        self.free, self.write = free, os.write

    def __call__(self, handle: int, data: bytes) -> int:
        taken = min(len(data), self.free)
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.free -= taken
        return self.write(handle, data[:taken])


def test_a_full_disk_tears_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs(tmp_path)
    logs.train(1)
    disk = FullDisk(free=100)
    monkeypatch.setattr(append_file.os, "write", disk)
    logs.train(3)
    assert len(logs.said) == 1
    assert "No space left on device; rows stay in memory" in logs.said[0]
    with pytest.raises(OSError, match="No space left"):
        logs.save()
    disk.free = 1 << 20
    logs.train(1)
    saved = logs.save()
    assert saved["logs"]["scores"] == (tmp_path / "scores.jsonl").stat().st_size
    logs.end()
    assert frames(tmp_path, "scores") == [13, 29, 45, 61, 77]
    assert_tensorboard_agrees(tmp_path)


def test_kills_leave_no_gap_and_no_double(tmp_path: Path) -> None:
    seen = kill_loop(tmp_path, kills=3)
    assert (seen.kills, seen.faults) == (3, 0)


def test_a_save_in_another_thread_fails_until_a_removed_log_is_put_back(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.train(1)
    (tmp_path / "scores.jsonl").unlink()
    with pytest.raises(OSError, match="a log was removed or replaced"):
        logs.records.sync()
    logs.records.check()
    logs.records.sync()
    logs.end()
    assert frames(tmp_path, "scores") == [13]


def test_rows_are_appended_while_another_thread_syncs(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    ended = threading.Event()

    def sync() -> None:
        while not ended.is_set():
            logs.records.sync()

    thread = threading.Thread(target=sync)
    thread.start()
    logs.train(300)
    ended.set()
    thread.join()
    logs.end()
    assert frames(tmp_path, "metrics") == [16 * number for number in range(1, 301)]


def test_logs_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file")
    with pytest.raises(UnusableLogs, match=r"cannot open the logs in .*: File exists \(.*tensorboard\)"):
        Logs(tmp_path)
