"""Files are replaced in one step, and a stranger's links are not followed."""

import os
import stat
from pathlib import Path

import pytest

from dreamerguard.core.atomic_write import write_atomically
from dreamerguard.core.source import SourceError
from dreamerguard.util.replace_file import UNFINISHED, remove_unfinished, replace_file


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside, link = tmp_path / "outside", tmp_path / "status.json"
    outside.write_text("kept")
    link.symlink_to(outside)
    replace_file(link, b"new")
    assert outside.read_text() == "kept"
    assert link.read_text() == "new"
    assert not link.is_symlink()


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)
    replace_file(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_failure_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(handle: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_the_name_of_the_unfinished_file_cannot_be_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = os.open

    def watch(path: Path, *rest: int) -> int:
        seen.append(str(path))
        return real(path, *rest)

    monkeypatch.setattr(os, "open", watch)
    for _ in range(2):
        replace_file(tmp_path / "file", b"new")
    names = [name for name in seen if name.endswith(UNFINISHED)]
    assert len(set(names)) == 2
    assert all(len(Path(name).name) > 16 for name in names)


def test_unfinished_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    (tmp_path / f".run.yaml.0123{UNFINISHED}").write_text("half")
    (tmp_path / f".link{UNFINISHED}").symlink_to(outside)
    (tmp_path / f".folder{UNFINISHED}").mkdir()
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".folder{UNFINISHED}", "outside"]
    assert outside.read_text() == "kept"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(pipe, b"report")
    assert os.read(reader, 100) == b"report" and pipe.is_fifo()
    os.close(reader)


def test_a_pipe_without_a_reader_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="nobody reads"):
        write_atomically(tmp_path / "pipe", b"report")
    assert (tmp_path / "pipe").is_fifo()


def test_a_file_does_not_take_the_place_of_a_device(tmp_path: Path) -> None:
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(OSError, match="a device and no file"):
        replace_file(device, b"text")
    assert device.is_char_device() and len(list(tmp_path.iterdir())) == 1
