"""Logs that strangers, other processes and full disks change: nothing outside is written, no row is lost."""

import errno
import json
import os
import resource
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from dreamerguard_agent.runtime import append_file
from dreamerguard_agent.runtime.agent_records import RunRecords
from dreamerguard_agent.runtime.append_file import UnusableLogs
from dreamerguard_agent.runtime.records import RunDirectoryLost

from ..tensorboard_rows import assert_tensorboard_agrees
from .test_checkpoint_files import limited
from .written_logs import NAMES, Logs, frames, started


@pytest.mark.parametrize("size", [-5, 2**38, 1.5, True, "12", None, [1]])
def test_numbers_of_a_stranger_change_no_file(tmp_path: Path, size: Any) -> None:
    saved = started(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    saved["logs"]["scores"] = size
    if size is None:  # as if the checkpoint did not state it: the rows up to its frames are kept
        Logs(tmp_path, saved).end()
        assert frames(tmp_path, "scores") == [24, 40, 56, 72]
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
    assert frames(run, "scores") == [24, 40, 56, 72, 88]


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
    assert frames(folder, "scores") == [24, 40, 56, 72]
    assert frames(folder, "metrics") == [16, 32, 48, 64]
    assert (folder / "before-1" / "metrics.jsonl").read_text() == "another file"
    assert_tensorboard_agrees(folder)
    assert len(logs.said) == 3
    if folder != tmp_path:
        shutil.rmtree(folder)
        logs.save()
        assert frames(folder, "scores") == [24, 40, 56, 72]
    logs.end()


@pytest.mark.parametrize("left", [0, 100])
def test_a_log_that_is_cut_while_it_is_open_is_said_and_goes_on_with_whole_rows(tmp_path: Path, left: int) -> None:
    logs = Logs(tmp_path)
    logs.train(3)
    size = (tmp_path / "metrics.jsonl").stat().st_size
    os.truncate(tmp_path / "metrics.jsonl", left)
    logs.train(2)
    (line,) = logs.said
    assert line.endswith(f"metrics.jsonl was cut by another process: {size - left:,} bytes of rows are lost")
    lines = (tmp_path / "metrics.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["frames"] for line in lines[-2:]] == [64, 80]
    logs.end()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_server_that_does_not_answer_is_no_lost_run_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    logs, stat = Logs(tmp_path / "run"), Path.stat

    def fail(path: Path, **options: Any) -> os.stat_result:
        if path == tmp_path / "run":
            raise OSError(number, os.strerror(number), str(path))
        return stat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", fail)
        logs.train(2)
    logs.train(1)
    logs.end()
    assert frames(tmp_path / "run", "scores") == [24, 40, 56]


def test_without_space_to_set_a_log_aside_it_stays_in_its_place(tmp_path: Path) -> None:
    saved = started(tmp_path)
    saved["logs"]["metrics"] -= 3
    before = (tmp_path / "metrics.jsonl").read_bytes()
    with limited(resource.RLIMIT_FSIZE, 50), pytest.raises(UnusableLogs, match="File too large"):
        Logs(tmp_path, saved)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before
    assert not list(tmp_path.glob("before-*"))
    Logs(tmp_path, saved).end()
    assert (tmp_path / "before-1/metrics.jsonl").read_bytes() == before
    assert [path.name for path in (tmp_path / "before-1").iterdir()] == ["metrics.jsonl"]


def test_a_link_to_itself_is_a_lost_run_directory(tmp_path: Path) -> None:
    run = tmp_path / "run"
    logs = Logs(run)
    logs.train(1)
    run.rename(tmp_path / "away")
    run.symlink_to("run")
    with pytest.raises(RunDirectoryLost):
        logs.train(1)
    assert logs.records.rescue() == tmp_path / "run-rescued-1"
    logs.end()
    assert frames(tmp_path / "run-rescued-1", "scores") == [24, 40]


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
    assert frames(folder, "scores") == [24, 40, 56, 72]
    assert_tensorboard_agrees(folder)
    if replaced:
        assert [path.name for path in run.iterdir()] == ["run.yaml"]


def test_a_run_directory_that_is_removed_during_a_check_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    logs = Logs(run)
    logs.train(1)
    heal = RunRecords.heal

    def late(records: RunRecords) -> None:
        shutil.rmtree(run)
        heal(records)

    monkeypatch.setattr(RunRecords, "heal", late)
    with pytest.raises(RunDirectoryLost):
        logs.train(1)
    assert not run.exists()
    assert logs.records.rescue() == run
    logs.end()


class FullDisk:
    """``os.write`` on a disk that takes a few more bytes and then no more, for a reason."""

    def __init__(self, free: int, reason: int) -> None:
        self.free, self.reason, self.write = free, reason, os.write

    def __call__(self, handle: int, data: bytes) -> int:
        taken = min(len(data), self.free)
        if not taken:
            raise OSError(self.reason, os.strerror(self.reason))
        self.free -= taken
        return self.write(handle, data[:taken])


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_full_disk_tears_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int) -> None:
    logs = Logs(tmp_path)
    logs.train(1)
    disk = FullDisk(free=100, reason=reason)
    monkeypatch.setattr(append_file.os, "write", disk)
    logs.train(3)
    assert len(logs.said) == 1
    assert f"{os.strerror(reason)}; rows stay in memory" in logs.said[0]
    with pytest.raises(OSError, match=os.strerror(reason)):
        logs.save()
    disk.free = 1 << 20
    logs.train(1)
    saved = logs.save()
    assert saved["logs"]["scores"] == (tmp_path / "scores.jsonl").stat().st_size
    logs.end()
    assert frames(tmp_path, "scores") == [24, 40, 56, 72, 88]
    assert_tensorboard_agrees(tmp_path)


def test_a_save_in_another_thread_fails_until_a_removed_log_is_put_back(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.train(1)
    (tmp_path / "scores.jsonl").unlink()
    with pytest.raises(OSError, match="a log was removed or replaced"):
        logs.records.sync()
    logs.records.check()
    logs.records.sync()
    logs.end()
    assert frames(tmp_path, "scores") == [24]


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
