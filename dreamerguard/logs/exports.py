"""Reads exported histories of W&B: CSV of a chart or of ``run.history()``, JSON of either, or JSON lines.

A CSV file has a column of steps (``Step``, ``_step``, ``global_step``) and one for each metric, in charts named
``RUN - METRIC`` with ``RUN - METRIC__MIN`` and ``__MAX`` beside it. A JSON file is a list of rows, or column -> row
number -> value, as ``DataFrame.to_json()`` writes it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dreamerguard.util.json_text import read_json

from .packed_rows import Row, packed_rows
from .tail import Tail

#: Largest JSON export; a larger history is exported as CSV or JSON lines.
MOST_JSON = 64 << 20


class ExportError(Exception):
    """An export cannot be read. The message says why, without the file's name."""


class Header:
    """The columns of a CSV export.

    Raises:
      ExportError: it holds several runs.
    """

    def __init__(self, cells: list[str]) -> None:
        self.names: list[str] = []
        runs: set[str] = set()
        for cell in cells:
            run, dash, metric = cell.rpartition(" - ")
            if dash and metric.endswith(("__MIN", "__MAX")):
                self.names.append("")
                continue
            runs |= {run} if dash else set()
            self.names.append(metric if dash else cell.strip())
        if len(runs) > 1:
            shown = ", ".join(sorted(runs)[:5])
            raise ExportError(f"it holds {len(runs)} runs ({shown}): export each run to a file of its own")

    def row(self, cells: list[str]) -> Row:
        """Returns the numbers of a line; empty cells and texts are left out."""
        row: Row = {}
        for name, cell in zip(self.names, cells, strict=False):
            if name and cell:
                try:
                    row[name] = float(cell)
                except ValueError:
                    continue
        return row


def csv_rows(text: str, header: Header | None) -> Iterator[Header | Row]:
    """Yields the header, if it is not known yet, and the rows of whole lines. A damaged line gives an empty row."""
    for cells in csv.reader(text.splitlines()):
        if not cells:
            continue
        if header is None:
            header = Header(cells)
            yield header
        else:
            yield header.row(cells)


def json_rows(data: bytes) -> list[Row]:
    """Returns the rows of a JSON export.

    Raises:
      ExportError: it is not valid JSON, or has another form.
    """
    try:
        found = read_json(data)
    except ValueError as error:
        raise ExportError(f"it is not valid JSON: {error}") from error
    if isinstance(found, dict) and isinstance(found.get("history"), list):
        found = found["history"]
    if isinstance(found, dict) and found and all(isinstance(column, dict) for column in found.values()):
        found = _from_columns(found)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ExportError("it is neither a list of rows nor a table by column")
    return [{str(key): float(value) for key, value in row.items() if _is_number(value)} for row in found]


def _from_columns(columns: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for name, column in columns.items():
        for index, value in column.items():
            rows.setdefault(index, {})[name] = value
    return list(rows.values())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class ExportTail(Tail):
    """Yields the rows of an export as JSON lines. A JSON file that changes is read again as a whole."""

    lines_of: Callable[[Row], Iterable[str]]
    header: Header | None

    def prepare(self, lines_of: Callable[[Row], Iterable[str]]) -> None:
        """Sets how a row becomes lines."""
        self.lines_of, self.header = lines_of, None

    def blocks(self) -> Iterator[bytes]:
        """Yields blocks of JSON lines."""
        if self.path.suffix == ".json":
            yield from self._pack(self._whole_file())
        else:
            for block in super().blocks():
                yield from self._pack(self._lines_in(block))

    def rest(self, most: int = 4096) -> bytes:
        """Returns nothing for a JSON file, which has no lines."""
        return b"" if self.path.suffix == ".json" else super().rest(most)

    def _lines_in(self, block: bytes) -> Iterator[Row]:
        if self.offset and self.offset <= len(block):
            self.header = None  # the first block of the file
        text = block.decode("utf-8-sig", "replace")
        if self.path.suffix == ".jsonl":
            yield from map(_json_line, text.splitlines())
            return
        try:
            for found in csv_rows(text, self.header):
                if isinstance(found, Header):
                    self.header = found
                else:
                    yield found
        except (ExportError, csv.Error):
            return

    def _whole_file(self) -> list[Row]:
        with self.opened() as opened:
            if opened is None or opened[1] > MOST_JSON:
                return []
            file, end = opened
            file.seek(0)
            data = file.read(end)
            if self.offset and len(data) > self.offset:
                self.events.append("cut back")
            self.offset = 0
            self.advance(data)
        try:
            return json_rows(data)
        except ExportError:
            return []

    def _pack(self, rows: Iterable[Row]) -> Iterator[bytes]:
        return packed_rows(([row] for row in rows), self.lines_of)


def _json_line(line: str) -> Row:
    try:
        found = read_json(line)
    except ValueError:
        return {}
    return {k: float(v) for k, v in found.items() if _is_number(v)} if isinstance(found, dict) else {}


def first_rows(name: str, head: bytes) -> list[Row]:
    """Returns the rows in the start of an export, for a file name; of a JSON export those of the whole file.

    Raises:
      ExportError: it is not valid, or holds several runs.
    """
    if name.endswith(".json"):
        return json_rows(head)
    text = head[: head.rfind(b"\n") + 1].decode("utf-8-sig", "replace")
    if name.endswith(".jsonl"):
        return list(map(_json_line, text.splitlines()))
    try:
        return [row for row in csv_rows(text, None) if not isinstance(row, Header)]
    except csv.Error as error:
        raise ExportError(f"it is not valid CSV: {error}") from error


def line(step: float, row: Row) -> str:
    """Returns a JSON line."""
    return json.dumps({"step": step} | row) + "\n"
