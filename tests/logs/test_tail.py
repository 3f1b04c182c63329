"""Reading the end of a file: bounded by its size at the start, by the length of a line, and by what is readable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dreamerguard.logs import Follower, read_run
from dreamerguard.logs.lines import count_lines
from dreamerguard.logs.tail import BLOCK, LONGEST, Tail
from dreamerguard.util.regular_files import NotRegular, open_regular, read_regular

from ..regression.run_logs import Row, append


def test_a_file_that_grows_while_it_is_read_is_read_up_to_its_size_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 99 + b"\n")
    tail = Tail(path)
    assert tail.poll()
    read = []
    for block in tail.blocks():
        read.append(block)
        with path.open("ab") as file:
            file.write(b"y" * BLOCK + b"\n")
    assert [len(block) for block in read] == [100]
    assert tail.poll()
    assert sum(len(block) for block in tail.blocks()) == BLOCK + 1


@pytest.mark.parametrize("length", [LONGEST - BLOCK, LONGEST + BLOCK, 3 * LONGEST])
@pytest.mark.parametrize("pieces", [1, 5])
def test_a_long_line_costs_only_itself(tmp_path: Path, length: int, pieces: int) -> None:
    path = tmp_path / "scores.jsonl"
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    text = '{"frames": 1, "score": 1.0}\n' + "z" * length + '\n{"frames": 2, "score": 2.0}\n'
    follower = Follower(tmp_path)
    for at in range(0, len(text), len(text) // pieces + 1):
        append(path, [text[at : at + len(text) // pieces + 1]])
        follower.poll()
    log = follower.log
    assert log is not None
    assert list(log.train) == [(1, 1), (2, 2)]
    kinds = [problem.kind for problem in log.problems]
    assert kinds == (["unreadable line"] if length < LONGEST else ["long line"])


def test_a_row_in_the_rest_of_a_long_line_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    rows: list[Row | str] = ["z" * (LONGEST + 5), {"frames": 1, "score": 1.0}, {"frames": 2, "score": 2.0}]
    append(tmp_path / "scores.jsonl", rows)
    assert list(read_run(tmp_path).train) == [(2, 2)]


def test_rows_behind_zeros_count_and_torn_ones_do_not(tmp_path: Path) -> None:
    """A file that was cut while a program had it open starts with a hole, and so does what a power cut leaves."""
    path = tmp_path / "scores.jsonl"
    with path.open("wb") as file:
        file.seek(5 << 30)
        file.write(b'{"frames": 1, "score": 1.0}\n{"frames": 2, "sc' + bytes(9) + b'ore": 2.0}\n')
        file.write(bytes(99) + b'{"frames": 3, "score": 3.0}\n')
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    log = read_run(tmp_path)
    assert list(log.train) == [(1, 1), (3, 3)]
    assert [(problem.kind, problem.count) for problem in log.problems] == [("unreadable line", 2)]


def test_what_is_given_up_is_read_again_when_the_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    path.write_bytes(b"a b c\n" * (12 << 20))
    follower = Follower(tmp_path)
    follower.poll()
    log = follower.log
    assert log is not None
    assert {problem.kind for problem in log.problems} == {"unreadable line", "given up"}
    append(path, [{"frames": 1, "score": 1.0}])
    follower.poll()
    assert len(log.train) == 0
    path.unlink()
    append(path, [{"frames": 1, "score": 1.0}])
    follower.poll()
    assert list(log.train) == [(1, 1)]
    assert "given up" not in {problem.kind for problem in log.problems}


def test_lines_that_are_not_blank() -> None:
    assert count_lines(b"") == count_lines(b"\n \n\t\r\n") == 0
    assert count_lines(b"a\n\n  \r\nb\n c \n") == count_lines(b"\na\nb\nc") == 3


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, kind in ((tmp_path, "directory"), (tmp_path / "fifo", "FIFO"), (Path("/dev/zero"), "device")):
        with pytest.raises(NotRegular, match=f"a {kind}, not a file"):
            open_regular(path)
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 2) == b"ab"
    assert read_regular(tmp_path / "file", 1 << 40) == b"abc"
