"""The database of a sweep."""

from __future__ import annotations

import sqlite3
import threading
from array import array
from pathlib import Path

import pytest

from dreamerguard.core.source import SourceError
from dreamerguard.sweep.database import NAME, open_database, shared_file_system
from dreamerguard.sweep.plan.planned_run import PlannedRun, RunCost
from dreamerguard.sweep.store import Displaced, SweepStore


def made(folder: Path, count: int = 3) -> SweepStore:
    store = SweepStore(folder, create=True, clock=lambda: 100.0)
    store.lead("one")
    runs = [PlannedRun(f"r{n}", "t", None, n, {"k": "v"}, ("x", "y"), 10.0, cost=RunCost(5.0)) for n in range(count)]
    store.add_runs(runs, ["r0"])
    return store


def test_runs_come_back_as_they_were_added(tmp_path: Path) -> None:
    made(tmp_path).close()
    rows = SweepStore(tmp_path).rows()
    assert [(row.name, row.state) for row in rows] == [("r0", "refused"), ("r1", "waiting"), ("r2", "waiting")]
    assert (rows[1].combination, rows[1].words, rows[1].frames, rows[1].updates) == ({"k": "v"}, ("x", "y"), 10.0, 5.0)


def test_a_run_is_claimed_once_by_however_many_processes(tmp_path: Path) -> None:
    made(tmp_path, 41).close()
    claimed: list[str] = []

    def claim() -> None:
        store = SweepStore(tmp_path)
        store._owner = "one"  # as if a fork led with the same name
        for _ in range(30):
            claimed.extend(row.name for row in store.claim("embedded", 1))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(f"r{number}" for number in range(1, 41))


def test_a_pause_is_kept(tmp_path: Path) -> None:
    store = made(tmp_path, 2)
    store.claim("embedded", 5)
    store.settle("r1", "waiting", outcome={"kind": "failed", "code": 1}, failed=True, why="again", not_before=150.0)
    assert store.claim("embedded", 5) == []
    late = SweepStore(tmp_path, clock=lambda: 151.0)
    late.lead("two")
    assert [(row.name, row.attempt, row.failures) for row in late.claim("embedded", 5)] == [("r1", 2, 1)]


def test_a_displaced_controller_changes_nothing(tmp_path: Path) -> None:
    store = made(tmp_path)
    other = SweepStore(tmp_path)
    other.lead("two")
    for change in (
        lambda: store.claim("embedded", 1),
        lambda: store.put({"a": 1}),
        lambda: store.ask_stop({"r1": "x"}),
        lambda: store.settle("r1", "finished", outcome={"kind": "finished"}),
    ):
        with pytest.raises(Displaced):
            change()
    assert {row.state for row in other.rows()} == {"refused", "waiting"}


def test_several_changes_happen_together_or_not_at_all(tmp_path: Path) -> None:
    store = made(tmp_path)
    with pytest.raises(RuntimeError), store.leading():
        store.put({"a": 1})
        store.ask_stop({"r1": "low"})
        raise RuntimeError
    assert store.get("a") is None and store.rows()[1].state == "waiting"


def test_kept_curves_come_back(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.keep_curve("r1", array("d", [1, 2]), array("d", [0.5, 7]))
    assert SweepStore(tmp_path).curves() == {"r1": (array("d", [1, 2]), array("d", [0.5, 7]))}


def test_every_attempt_is_kept(tmp_path: Path) -> None:
    store = made(tmp_path, 2)
    for _ in range(2):
        store.claim("embedded", 1)
        store.note_job({"r1": "process 5"})
        store.settle("r1", "waiting", outcome={"kind": "failed", "code": 1, "host": "h"}, failed=True)
    found = [(item["attempt"], item["job"], item["host"], item["outcome"]) for item in store.attempts()]
    assert found == [(1, "process 5", "h", "failed"), (2, "process 5", "h", "failed")]


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_what_is_no_sweep_is_told(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceError, match="holds no sweep"):
        SweepStore(tmp_path)
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(SourceError, match=r"cannot be used|not a sweep of this version"):
        SweepStore(tmp_path)


def test_the_journal_suits_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def journal(connection: sqlite3.Connection) -> str:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])

    assert journal(open_database(tmp_path, create=True)) == "wal"
    monkeypatch.setattr("dreamerguard.sweep.database.shared_file_system", lambda folder: "nfs4")
    (tmp_path / "other").mkdir()
    assert journal(open_database(tmp_path / "other", create=True)) == "delete"


def test_the_file_system_of_a_folder(tmp_path: Path) -> None:
    folder = (tmp_path / "a b" / "c").resolve()
    folder.mkdir(parents=True)
    mounts = tmp_path / "mounts"
    point = str(tmp_path.resolve() / "a b").replace(" ", "\\040")
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {point} nfs4 rw 0 0\nserver:/y {point}c ext4 rw 0 0\n")
    assert shared_file_system(folder, mounts) == "nfs4"
    assert shared_file_system(tmp_path, mounts) == ""
    assert shared_file_system(tmp_path, tmp_path / "missing") == ""
