"""Reads CSV exports of W&B: charts, and ``run.history()``.

A file has a column of steps (``Step``, ``_step``, ``global_step``) and one for each metric, in charts named
``RUN - METRIC`` with ``RUN - METRIC__MIN`` and ``__MAX`` beside it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import methodcaller

from .lines import may_hold
from .row_blocks import Row, RowBlock, Wanted, spaced

#: Texts of cells that stand out.
_WORDS = (b"NaN", b"Infinity")
_commas = methodcaller("count", b",")


class ExportError(Exception):
    """An export cannot be read. The message says why, without the file's name."""


class Header:
    """The columns of a CSV export.

    Raises:
      ExportError: it holds several runs.
    """

    def __init__(self, cells: Sequence[str]) -> None:
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

    def row(self, cells: Iterable[str | bytes]) -> Row:
        """Returns the numbers of a line; empty cells and texts are left out."""
        row: Row = {}
        for name, cell in zip(self.names, cells, strict=False):
            if name and cell:
                try:
                    row[name] = float(cell)
                except ValueError:
                    continue
        return row

    def columns(self, keys: Iterable[str]) -> list[tuple[str, int]]:
        """Returns the keys that have a column, with its number; the last one of a name counts."""
        places = {name: number for number, name in enumerate(self.names) if name}
        return [(key, places[key]) for key in keys if key in places]


def read_header(line: bytes) -> Header | None:
    """Returns the columns in a first line; None if it is empty.

    Raises:
      ExportError: it is not valid CSV, or holds several runs.
    """
    try:
        cells = next(csv.reader([line.decode("utf-8-sig", "replace")]), [])
    except csv.Error as error:
        raise ExportError(f"it is not valid CSV: {error}") from error
    return Header(cells) if cells else None


def csv_block(block: bytes, header: Header, wanted: Wanted, quota: int) -> RowBlock:
    """Returns the scores of whole lines, and the other values of about ``quota`` of them."""
    plain = block.replace(b'"', b"") if b'"' in block else block
    lines = list(filter(bytes.strip, plain.split(b"\n")))
    commas = len(header.names) - 1
    found = RowBlock()
    try:
        if {*map(_commas, lines)} <= {commas}:
            _scores(found, lines, header, wanted)
            odd = any(may_hold(plain, word) and word in plain for word in _WORDS)
            _rows(found, lines, header, wanted, quota, odd)
            return found
    except ValueError:
        found = RowBlock()
    for cells in csv_cells(block):  # texts with commas, or damaged lines
        found.add(header.row(cells), wanted)
    return found


def csv_cells(block: bytes) -> Iterator[list[str]]:
    """Yields the cells of each line.

    Raises:
      ExportError: it is not valid CSV.
    """
    try:
        yield from csv.reader(block.decode("utf-8", "replace").splitlines())
    except csv.Error as error:
        raise ExportError(f"it is not valid CSV: {error}") from error


def _scores(found: RowBlock, lines: list[bytes], header: Header, wanted: Wanted) -> None:
    """Adds the scores of lines that have a cell for each column. Raises ValueError for a cell that is no number."""
    steps = [(at, 1 if key == wanted.x else wanted.repeat) for key, at in header.columns(wanted.steps)]
    scores = [(at, found.scores.setdefault(key, ([], []))) for key, at in header.columns(wanted.scores)]
    if not steps or not scores:
        return
    last = max(at for at, _ in (*steps, *scores)) + 1
    for line in lines:
        cells = line.split(b",", last)
        for at, (frames, values) in scores:
            if not cells[at]:
                continue
            for place, factor in steps:
                if cells[place]:
                    frames.append(float(cells[place]) * factor)
                    values.append(float(cells[at]))
                    break


def _places(header: Header, wanted: Callable[[str], bool]) -> list[int]:
    return [at for at, name in enumerate(header.names) if wanted(name)]


def _rows(found: RowBlock, lines: list[bytes], header: Header, wanted: Wanted, quota: int, odd_words: bool) -> None:
    """Adds the other values of evenly spaced lines, of those that stand out, and of all evaluations."""
    chosen = set(spaced(len(lines), quota))
    evaluations = _places(header, lambda name: bool(wanted.evaluations) and name.startswith(wanted.evaluations))
    success = _places(header, lambda name: "success" in name)
    found_odd = 0
    if evaluations or success or odd_words:
        for number, line in enumerate(lines):
            cells = line.split(b",")
            odd = any(cells[at].strip() for at in success) or any(word in line for word in _WORDS)
            found_odd += odd
            if (odd and found_odd <= quota) or any(cells[at].strip() for at in evaluations):
                chosen.add(number)
    for number in sorted(chosen):
        row = header.row(lines[number].split(b","))
        frames = wanted.frames(row)
        if frames is not None:
            found.rows.append((frames, {key: value for key, value in row.items() if key not in wanted.scores}))
            if any(header.names[at] in row for at in evaluations):
                found.evaluations.append(frames)
