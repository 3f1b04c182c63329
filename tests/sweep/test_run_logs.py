"""The logs of the runs of a sweep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dreamerguard.sweep.plan.sweep_file import WatchSettings
from dreamerguard.sweep.run_logs import RunLogs
from dreamerguard.sweep.store import SweepStore

from .sweeping import opened, sweep_text


def log(folder: Path, rows: list[tuple[int, float]], keys: tuple[str, str] = ("frames", "score")) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "scores.jsonl").open("a") as file:
        file.writelines(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows)


def logs(store: SweepStore) -> RunLogs:
    return RunLogs(store.folder, store, WatchSettings(), pytest.fail)


def test_scores_are_read_as_they_come_and_kept_after_the_end(tmp_path: Path) -> None:
    with opened(tmp_path, sweep_text("")) as store:
        store.claim("embedded", 2)
        found = logs(store)
        found.look(store.rows())
        assert found.curves == {}
        log(tmp_path / "runs" / "a-s0", [(100, 1.0), (200, 2.0)])
        found.look(store.rows())
        assert list(found.curves["a-s0"].scores) == [1.0, 2.0]
        assert [(row.done, row.score) for row in store.rows("started")] == [(200.0, 2.0), (0.0, None)]
        log(tmp_path / "runs" / "a-s0", [(300, 3.0)])
        store.settle("a-s0", "finished", outcome={"kind": "finished"})
        found.look(store.rows())
        (tmp_path / "runs" / "a-s0" / "scores.jsonl").unlink()
        later = logs(store)
        later.look(store.rows())
        assert list(later.curves["a-s0"].frames) == [100.0, 200.0, 300.0]
        assert store.rows()[0].done == 300.0


def test_a_log_in_a_folder_below_is_found_also_after_others(tmp_path: Path) -> None:
    with opened(tmp_path, sweep_text("")) as store:
        store.claim("embedded", 2)
        keys = ("step", "episode/score")  # of danijar/dreamerv3
        log(tmp_path / "runs" / "a-s0", [(100, 1.0)], keys)
        (tmp_path / "runs" / "b-s0").mkdir(parents=True)
        found = logs(store)
        found.look(store.rows())
        log(tmp_path / "runs" / "b-s0" / "version_0", [(50, 7.0)], keys)
        found.look(store.rows())
        assert list(found.curves["a-s0"].scores) == [1.0]
        assert list(found.curves["b-s0"].scores) == [7.0]


def test_reading_for_a_report_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, sweep_text("")) as store:
        store.claim("embedded", 1)
        log(tmp_path / "runs" / "a-s0", [(100, 1.0)])
    store = SweepStore(tmp_path)
    found = logs(store)
    found.read(store.rows())
    assert list(found.curves["a-s0"].scores) == [1.0]
    assert store.rows()[0].done == 0.0
