"""Writes the runs of a sweep as CSV or Parquet: one row per run with its settings, state, scores and cost."""

from __future__ import annotations

import csv
import io
import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from dreamerguard.util.text import plain

from .facts import SweptRunFacts
from .runs import SweepRun

#: Share of the reached frames whose mean is the final score.
FINAL = 0.1

Row = dict[str, Any]


class TableError(Exception):
    """A table of a sweep cannot be written. The message states why and how to fix it."""


def rows(runs: Sequence[SweepRun], run_facts: Mapping[str, SweptRunFacts]) -> list[Row]:
    """Returns one row per run: ``setting.KEY`` for each varied key, the run, and the fields of `SweptRunFacts`.

    ``final_score`` is the mean of the episodes in the last tenth of the frames that the run has reached; None without
    an episode. Runs that have facts but no scores, as refused ones, have a row too.

    Args:
      runs: the runs.
      run_facts: name -> facts of the run.
    """
    keys = list(dict.fromkeys(key for run in runs for key in run.combination))
    known = {run.name: run for run in runs}
    return [_row(name, known.get(name), run_facts.get(name), keys) for name in dict.fromkeys((*known, *run_facts))]


def write_csv(path: Path, runs: Sequence[SweepRun], run_facts: Mapping[str, SweptRunFacts]) -> None:
    """Writes `rows` as CSV with a header; missing values are empty, several lint rules are joined by spaces.

    Raises:
      TableError: the file cannot be written.
    """
    table = rows(runs, run_facts)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(table[0]) if table else list(_row("", None, None, [])), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in table)
    _put(path, text.getvalue().encode())


def write_parquet(path: Path, runs: Sequence[SweepRun], run_facts: Mapping[str, SweptRunFacts]) -> None:
    """Writes `rows` as Parquet, with the lists ``frames`` and ``scores`` of each run's episodes.

    Raises:
      TableError: pyarrow is missing, or the file cannot be written.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        fix = "`pip install 'dreamerguard[parquet]'` brings it, or write CSV"
        raise TableError(f"{path} cannot be written, because Parquet needs pyarrow ({error}): {fix}") from error
    known = {run.name: run for run in runs}
    table = rows(runs, run_facts) or [_row("", None, None, [])]
    columns = {key: pa.array([row[key] for row in table], _parquet_type(key, pa)) for key in table[0]}
    for key in ("frames", "scores"):
        columns[key] = _lists([getattr(known[row["name"]], key) if row["name"] in known else None for row in table], pa)
    whole = pa.table(columns)
    sink = pa.BufferOutputStream()
    pq.write_table(whole if table[0]["name"] else whole.slice(0, 0), sink, compression="zstd")
    _put(path, sink.getvalue().to_pybytes())


def _lists(values: Sequence[Sequence[float] | None], pa: Any) -> Any:
    """Returns a column of lists. The numbers of thousands of runs never become objects of Python, which take memory."""
    numbers, starts = array("d"), []
    for value in values:
        starts.append(None if value is None else len(numbers))
        numbers.extend(value or ())
    flat = pa.Array.from_buffers(pa.float64(), len(numbers), [None, pa.py_buffer(numbers)])
    return pa.ListArray.from_arrays(pa.array([*starts, len(numbers)], pa.int32()), flat)


def _row(name: str, run: SweepRun | None, facts: SweptRunFacts | None, keys: Sequence[str]) -> Row:
    row: Row = {"name": name, "task": run.task if run else None, "seed": run.seed if run else None}
    row |= {f"setting.{key}": run.combination.get(key) if run else None for key in keys}
    row |= {"budget_frames": run.budget if run else None, "reached_frames": run.reached if run else None}
    row |= {"episodes": len(run.scores) if run else None, "final_score": _final(run) if run else None}
    facts = facts or SweptRunFacts(name, "")
    return row | {field.name: getattr(facts, field.name) for field in fields(SweptRunFacts) if field.name != "name"}


def _final(run: SweepRun) -> float | None:
    late = [y for x, y in zip(*run.finite, strict=True) if x > (1 - FINAL) * run.reached]
    return sum(late) / len(late) if late else None


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return plain(" ".join(map(str, value)))
    return plain(value) if isinstance(value, str) else value


def _parquet_type(key: str, pa: Any) -> Any:
    whole = {"seed", "episodes", "attempts", "exit_code"}
    text = {"name", "task", "state", "why", "place", "folder", "verdict"}
    if key in whole:
        return pa.int64()
    if key in text or key.startswith("setting."):
        return pa.string()
    return pa.list_(pa.string()) if key == "lint" else pa.float64()


def _put(path: Path, content: bytes) -> None:
    """Writes a file in one step."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise TableError(f"{path} cannot be written: {error.strerror or error}") from error
