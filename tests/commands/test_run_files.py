"""The files of a run directory are kept complete while it trains."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dreamerguard.commands.shared.errors import CommandFailed
from dreamerguard.commands.shared.open_run import OpenedRun
from dreamerguard.commands.shared.run_files import RunFiles
from dreamerguard.programs.native import run_directory as rundir
from dreamerguard.programs.native.manifest import read_starts
from dreamerguard.schema import RunConfig
from dreamerguard_agent.events import Silent

CONFIG = RunConfig(task="dmc_cartpole_balance", size="size200k")


class Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def opened(directory: Path) -> OpenedRun:
    rundir.prepare(directory, CONFIG, {"version": 1}, {"first_save": None})
    lock: Any = SimpleNamespace(taken=False)
    return OpenedRun(CONFIG, directory, lock, {"version": 1}, read_starts(directory))


def test_a_save_is_noted_and_missing_files_are_written_again(tmp_path: Path) -> None:
    notes = Notes()
    files = RunFiles(notes, opened(tmp_path))
    files.saved(64)
    assert [start["first_save"] for start in read_starts(tmp_path)] == [64]
    (tmp_path / "run.yaml").unlink()
    (tmp_path / "manifest.json").unlink()
    files.saved(128)
    assert rundir.load_config(tmp_path) == CONFIG
    assert json.loads((tmp_path / "manifest.json").read_text()) == [{"first_save": 64}]
    assert notes.notes[0].startswith("written again, because another process removed it: ")


def test_nothing_is_written_into_another_directory_at_the_same_place(tmp_path: Path) -> None:
    notes = Notes()
    files = RunFiles(notes, opened(tmp_path / "run"))
    (tmp_path / "run").rename(tmp_path / "moved")
    (tmp_path / "run").mkdir()
    files.saved(64)
    assert list((tmp_path / "run").iterdir()) == []
    assert notes.notes == []


def test_a_run_ends_when_another_process_has_taken_its_directory(tmp_path: Path) -> None:
    run = opened(tmp_path)
    files = RunFiles(Notes(), run)
    files.metrics({})
    run.lock.taken = True
    with pytest.raises(CommandFailed, match="another process has taken") as failed:
        files.metrics({})
    assert failed.value.code == 75
