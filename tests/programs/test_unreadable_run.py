"""A path that cannot be read as a run is one message: what is wrong, where, and the fix, in plain words."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dreamerguard.programs.native.manifest import MANIFEST, read_starts
from dreamerguard.programs.native.run_directory import load_config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("task: dmc_walker_walk\nrun: [1, 2\nseed: 1\n", "line 2: no ] closes this ["),
        ("task: dmc_walker_walk\nrun:\n  frames: many\n", "line 3: run.frames is 'many'; it must be a whole number"),
        ("task: dmc_walker_walk\nrun:\n  frames: 2.5\n", "line 3: run.frames is 2.5; it must be a whole number"),
        ("task: dmc_walker_walk\nrun:\n  envs: 0\n", "line 3: run.envs is 0; it must be at least 1"),
        ("task: dmc_walker_walk\nrun:\n  frame: 5\n", "line 3: run.frame does not exist"),
        ("seed: 1\n", "task is missing"),
        ("task: dmc_walker_walk\nrun: 5\n", "line 2: run is 5; it must be a group of settings"),
        ("task: dmc_walker_walk\nsize: huge\n", "line 2: size is 'huge'; it must be 'size"),
        ("task: dmc_walker_walk\nmodel:\n  deter: 9\n  blocks: 2\n", "line 2: model is not valid: deter 9 is not a"),
        ("task: dmc_walker_walk\nruntime: {deterministic: 7}\n", "line 2: runtime.deterministic is 7; it must be true"),
        ("- task\n", "the file must contain `key: value` lines"),
        ("task: \x07\n", "a control character is not allowed"),
        ("", "the file is empty; it must be a group of settings"),
        ("a: 1\nb: 1\nc: 1\nd: 1\n", "and 2 more"),
    ],
)
def test_the_message_names_line_fault_and_fix(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"is not a valid configuration for dreamerguard") as error:
        load_config(tmp_path)
    message = str(error.value)
    assert message.startswith(str(path)) and says in message
    assert "remove it and repeat the run's train command" in message
    for raw in ("Value error", "Input should", "unicode string", "pydantic", "https://"):
        assert raw not in message


def test_bytes_that_are_no_text_are_damage_too(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_bytes(b"task: \xff\xfe\n")
    with pytest.raises(ValueError, match="not a valid configuration"):
        load_config(tmp_path)


def _no_run(path: Path) -> str:
    with pytest.raises(FileNotFoundError) as error:
        load_config(path)
    return str(error.value)


def test_runs_near_a_path_that_is_no_run_are_named(tmp_path: Path) -> None:
    for number in range(12):
        run = tmp_path / "runs" / f"run{number:02}"
        run.mkdir(parents=True)
        (run / "run.yaml").write_text("task: dmc_walker_walk\n", encoding="utf-8")
    (run / "checkpoints" / "0001").mkdir(parents=True)
    several = _no_run(tmp_path / "runs")
    assert several.startswith(f"{tmp_path / 'runs'} is a folder with 12 runs; name one of them:\n")
    assert f"\n  {tmp_path / 'runs' / 'run00'}\n" in several and several.endswith("\n  and 2 more")
    for inside in (run / "run.yaml", run / "checkpoints", run / "checkpoints" / "0001"):
        assert _no_run(inside).endswith(f"; the run directory is {run}")
    assert _no_run(run / "run.yaml").startswith(f"{run / 'run.yaml'} is a file, not a run directory")
    assert _no_run(tmp_path / "none").endswith("holds no run: there is no such directory")
    assert _no_run(tmp_path).endswith(f"{tmp_path / 'run.yaml'} does not exist")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (os.mkfifo, "a FIFO"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (Path.mkdir, "a directory"),
    ],
    ids=["fifo", "device", "folder"],
)
def test_what_is_no_file_is_neither_waited_for_nor_read_without_end(
    tmp_path: Path, make: Callable[[Path], None], kind: str
) -> None:
    make(tmp_path / "run.yaml")
    make(tmp_path / MANIFEST)
    with pytest.raises(ValueError, match=rf"run\.yaml cannot be read: it is {kind}, not a file"):
        load_config(tmp_path)
    assert read_starts(tmp_path) == []
