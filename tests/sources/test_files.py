"""Reading the files that a command names, whatever they are."""

import os
from pathlib import Path

from dreamerguard.commands.shared.first_contact import about_word
from dreamerguard.sources.files import MAX_BYTES, read_source


def test_a_fifo_without_a_writer_is_empty_and_one_with_a_writer_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.yaml")
    assert read_source(tmp_path / "run.yaml")[0].text == ""
    assert about_word(str(tmp_path / "run.yaml"), []) is None
    reader, writer = os.pipe()
    os.write(writer, b"task: dmc_walker_walk\n")
    os.close(writer)
    source, problem = read_source(f"/dev/fd/{reader}")
    os.close(reader)
    assert source.text == "task: dmc_walker_walk\n" and problem is None


def test_a_device_is_not_read_without_end() -> None:
    _, problem = read_source("/dev/zero")
    assert problem is not None and f"{MAX_BYTES >> 20} MiB" in problem.message
