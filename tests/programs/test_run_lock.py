"""One writer for a run directory: the lock, its record, and what follows a crash, without and with file locks."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dreamerguard.programs.native import run_lock
from dreamerguard.programs.native.lock_holder import Holder, this_process
from dreamerguard.programs.native.run_lock import LOCK, RunInUse, RunLock

#: Holds the directories given and says so; ends with the standard input.
HOLD = """
import sys
from pathlib import Path
from dreamerguard.programs.native.run_lock import RunLock
with RunLock([Path(name) for name in sys.argv[1:]], ["dreamerguard", "train"], print):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(*directories: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, *map(str, directories)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def lock(*directories: Path, wait: Callable[[float], None] | None = None) -> RunLock:
    return RunLock(directories, ["train"], lambda text: None, wait or (lambda seconds: None))


def stored(directory: Path, holder: Holder) -> None:
    (directory / LOCK).write_text(json.dumps(holder.as_dict()))


@pytest.fixture(params=[True, False], ids=["locks", "no locks"])
def file_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:

        def refuse(handle: int, operation: int) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(run_lock.fcntl, "flock", refuse)
    return bool(request.param)


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path, file_locks: bool) -> None:
    first = hold(tmp_path)
    with pytest.raises(RunInUse, match=rf"in use by process {first.pid} since .*`kill {first.pid}`"):
        lock(tmp_path)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    with lock(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert not (tmp_path / LOCK).exists()


def test_a_process_that_ends_leaves_nothing(tmp_path: Path) -> None:
    first = hold(tmp_path)
    first.communicate("")
    assert first.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_all_directories_are_held_or_none(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("run", "run/seed0", "run/seed1")]
    for folder in folders:
        folder.mkdir()
    other = hold(folders[2])
    with pytest.raises(RunInUse, match="seed1 is in use"):
        lock(*folders)
    assert not (folders[0] / LOCK).exists()
    other.communicate("")
    with lock(*folders), pytest.raises(RunInUse, match="seed1 is in use"):
        lock(folders[2])


@pytest.mark.parametrize(
    "change", [{"born": 1}, {"pid": 2**22 + 1}, {"boot": "before"}], ids=["reused id", "ended", "reboot"]
)
def test_a_record_of_an_ended_process_does_not_count(
    tmp_path: Path, change: dict[str, object], file_locks: bool
) -> None:
    stored(tmp_path, replace(this_process(["train"]), **change))  # type: ignore[arg-type]
    with lock(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "\0" * 200, '{"pid": ' + "9" * 9000 + "}"])
def test_a_record_that_names_nobody_does_not_count(tmp_path: Path, text: str, file_locks: bool) -> None:
    (tmp_path / LOCK).write_text(text)
    with lock(tmp_path):
        pass


def test_a_holder_on_another_machine_counts_while_it_renews(tmp_path: Path, file_locks: bool) -> None:
    stored(tmp_path, replace(this_process(["train"]), host="elsewhere", boot="another"))
    waited: list[float] = []

    def renew(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 5:
            os.utime(tmp_path / LOCK, (1, 1))

    with pytest.raises(RunInUse, match=r"on elsewhere since .* stop it there"):
        lock(tmp_path, wait=renew)
    assert len(waited) == 5
    with lock(tmp_path):
        pass


def test_another_container_on_this_machine_is_judged_by_the_lock(tmp_path: Path) -> None:
    stored(tmp_path, replace(this_process(["train"]), host="container", space="pid:[1]"))
    waited: list[float] = []
    with lock(tmp_path, wait=waited.append):
        assert waited == []


def test_of_two_that_start_together_without_locks_one_remains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(run_lock.fcntl, "flock", refuse)
    other = replace(this_process(["other"]), pid=os.getppid())
    with pytest.raises(RunInUse):
        lock(tmp_path, wait=lambda seconds: stored(tmp_path, other))


def test_a_lock_that_was_removed_meanwhile_is_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, removed = fcntl.flock, []

    def late(handle: int, operation: int) -> None:
        real(handle, operation)
        if not removed:
            removed.append((tmp_path / LOCK).unlink())

    monkeypatch.setattr(run_lock.fcntl, "flock", late)
    with lock(tmp_path):
        assert (tmp_path / LOCK).exists()


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    run = tmp_path / "run"
    run.mkdir()
    (run / LOCK).symlink_to(outside)
    with pytest.raises(OSError, match="symbolic links"):
        lock(run)
    assert outside.read_text() == "kept"


def test_a_holder_that_seemed_dead_learns_that_another_took_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "RENEWAL", 0.01)
    with lock(tmp_path) as held:
        stored(tmp_path, replace(this_process(["other"]), host="elsewhere"))
        while not held.taken:
            pass
    assert "elsewhere" in (tmp_path / LOCK).read_text()
