"""The tables of a sweep as CSV and Parquet."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from dreamerguard.regression.sweep.export import TableError, rows, write_csv, write_parquet
from dreamerguard.regression.sweep.facts import SweptRunFacts

from .sweeps import sweep

RUNS = sweep(0.5, {"512": 1.0, "64": 4.0}, {"512": [0], "64": [1]})
FACTS = {
    RUNS[0].name: SweptRunFacts(RUNS[0].name, "finished", hours=1.5, exit_code=0, lint=("low-train-ratio", "dead-key")),
    "refused-run": SweptRunFacts("refused-run", "refused", 'refused: "low-train-ratio", see lint\x1b[2J'),
}


def test_csv_has_one_row_per_run_and_a_column_per_varied_key(tmp_path: Path) -> None:
    write_csv(tmp_path / "runs.csv", RUNS, FACTS)
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert len(found) == len(RUNS) + 1
    first, last = found[0], found[-1]
    assert first["setting.run.train_ratio"] == "512" and first["lint"] == "low-train-ratio dead-key"
    assert first["hours"] == "1.5" and first["exit_code"] == "0" and found[1]["hours"] == ""
    assert float(first["final_score"]) == pytest.approx(sum(RUNS[0].scores[-3:]) / 3, rel=0.2)
    assert last["name"] == "refused-run" and last["task"] == "" and "\x1b" not in last["why"]
    assert [path.name for path in tmp_path.iterdir()] == ["runs.csv"]


def test_parquet_has_the_curves_too(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(tmp_path / "runs.parquet", RUNS, FACTS)
    found = parquet.read_table(tmp_path / "runs.parquet").to_pylist()
    assert len(found) == len(RUNS) + 1
    assert found[0]["scores"] == list(RUNS[0].scores) and found[0]["lint"] == ["low-train-ratio", "dead-key"]
    assert found[-1]["scores"] is None and found[-1]["seed"] is None
    assert {key for key in found[0] if key not in ("frames", "scores")} == set(rows(RUNS, FACTS)[0])


def test_an_empty_sweep_has_columns(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_csv(tmp_path / "runs.csv", [], {})
    write_parquet(tmp_path / "runs.parquet", [], {})
    assert (tmp_path / "runs.csv").read_text().startswith("name,task,seed,")
    assert parquet.read_table(tmp_path / "runs.parquet").num_rows == 0


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TableError, match=r"Parquet needs pyarrow .*dreamerguard\[parquet\]"):
        write_parquet(tmp_path / "runs.parquet", RUNS, FACTS)
    with pytest.raises(TableError, match="cannot be written: No such file"):
        write_csv(tmp_path / "no" / "runs.csv", RUNS, FACTS)
    (tmp_path / "folder").mkdir()
    with pytest.raises(TableError, match="cannot be written"):
        write_csv(tmp_path / "folder", RUNS, FACTS)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
