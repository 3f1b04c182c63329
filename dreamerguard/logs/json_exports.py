"""Reads JSON exports of W&B in parts: lists of rows, ``{"history": [...]}``, JSON lines; tables by column as a whole.

A table by column is column -> row number -> value, as ``DataFrame.to_json()`` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from dreamerguard.util.json_text import read_json, read_long_json

from .csv_exports import ExportError
from .lines import lines_with, may_hold, number_columns
from .metric_rows import sample_rows
from .row_blocks import REMARKABLE, Row, RowBlock, Wanted, spaced

#: Bytes that are read at once.
_PART = 1 << 20
_ODD, _EVALUATION = 1, 2
#: The start of a list of rows.
_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*((?:\{\s*"history"\s*:\s*)?\[)\s*(?=\{)')
#: What separates two rows; it may also be inside a row.
_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")


def json_parts(file: BinaryIO) -> Iterator[tuple[bytes, list[dict[str, Any]]]]:
    """Yields the text and the rows of each part of an export, from the position of a file on.

    Raises:
      ExportError: it is not valid JSON, or has another form.
    """
    head = file.read(_PART)
    start = _START.match(head)
    if start is None:
        data = head + file.read()
        yield data, _table(_parsed(data))
        return
    buffer, opening, refused = head[start.end() :], start[1], 0
    while more := file.read(_PART):
        if len(buffer) >= 2 * refused and (cut := _last_row(buffer)):
            try:
                rows = read_long_json(b"[" + buffer[:cut] + b"]")
            except ValueError:  # the cut is inside a row
                refused = len(buffer)
            else:
                yield buffer[:cut], _table(rows)
                buffer, refused = buffer[cut:].lstrip().removeprefix(b",").lstrip(), 0
        buffer += more
    yield buffer, _table(_parsed(opening + buffer))


def _last_row(buffer: bytes) -> int:
    """Returns where the last row that is followed by another one ends; 0 if there is none."""
    for length in (1 << 14, len(buffer)):
        start = max(len(buffer) - length, 0)
        ends = [found.start() + 1 for found in _BETWEEN.finditer(buffer, start)]
        if ends:
            return ends[-1]
    return 0


def _parsed(data: bytes) -> Any:
    try:
        return read_long_json(data)
    except ValueError as error:
        raise ExportError(f"it is not valid JSON: {error}") from error


def _table(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, dict) and isinstance(found.get("history"), list):
        found = found["history"]
    if isinstance(found, dict) and found and all(isinstance(column, dict) for column in found.values()):
        rows: dict[str, dict[str, Any]] = {}
        for name, column in found.items():
            for index, value in column.items():
                rows.setdefault(index, {})[name] = value
        found = list(rows.values())
    if not isinstance(found, list) or not {*map(type, found)} <= {dict}:
        raise ExportError("it is neither a list of rows nor a table by column")
    return found


def json_block(data: bytes, rows: Sequence[dict[str, Any]], wanted: Wanted, quota: int) -> RowBlock:
    """Returns the scores of rows, and the other values of about ``quota`` of them.

    Args:
      data: the text of the rows.
      rows: the rows.
      wanted: columns to look for.
      quota: number of rows.
    """
    found, keys = RowBlock(), set[str]().union(*rows)
    chosen = set(spaced(len(rows), quota))
    evaluates = bool(wanted.evaluations) and any(key.startswith(wanted.evaluations) for key in keys)
    if evaluates or any(may_hold(data, word) and word in data for word in REMARKABLE):
        ranks = [_rank(row, wanted) for row in rows]
        chosen |= {number for number, rank in enumerate(ranks) if rank == _EVALUATION}
        chosen.update([number for number, rank in enumerate(ranks) if rank == _ODD][:quota])
    for number in sorted(chosen):
        found.add(numbers(rows[number]), wanted)
    found.scores.clear()
    steps = [key for key in wanted.steps if key in keys]
    for key in wanted.scores:
        if key in keys:
            found.scores[key] = _columns(rows, steps, key, wanted)
    return found


def _columns(
    rows: Sequence[dict[str, Any]], steps: list[str], key: str, wanted: Wanted
) -> tuple[list[float], list[float]]:
    """Returns the frames and the values of a score, of the rows in which both are numbers."""
    if len(steps) == 1 and (steps[0] == wanted.x or wanted.repeat == 1):
        step = steps[0]
        columns = number_columns([row for row in rows if key in row and step in row], step, key)
        if columns is not None:
            return columns
    block = RowBlock()
    for row in rows:
        block.add_scores(row, wanted)
    return block.scores.get(key, ([], []))


def _rank(row: dict[str, Any], wanted: Wanted) -> int:
    """Returns whether a row is one of an evaluation, or has a NaN or a success rate."""
    if wanted.evaluations and any(key.startswith(wanted.evaluations) for key in row):
        return _EVALUATION
    odd = any(value != value or "success" in key for key, value in row.items() if key not in wanted.scores)
    return _ODD if odd else 0


def line_block(block: bytes, wanted: Wanted, quota: int) -> RowBlock:
    """Returns the scores of JSON lines, and the other values of about ``quota`` of them."""
    found = RowBlock()
    block = block.removeprefix(b"\xef\xbb\xbf")
    for row in _rows(sample_rows(block, quota, lambda line: False)):
        found.add(numbers(row), wanted)
    if wanted.evaluations:
        steps = map(wanted.frames, _rows(lines_with(block, f'"{wanted.evaluations}'.encode())))
        found.evaluations = [step for step in steps if step is not None]
    found.scores.clear()
    for key in wanted.scores:
        rows = _rows(lines_with(block, f'"{key}"'.encode()))
        keys = set[str]().union(*rows)
        if key in keys:
            found.scores[key] = _columns(rows, [step for step in wanted.steps if step in keys], key, wanted)
    return found


def _rows(lines: list[bytes]) -> list[dict[str, Any]]:
    lines = [line for line in lines if line.strip()]
    try:
        found = read_long_json(b"[" + b",".join(lines) + b"]")
    except ValueError:
        found = []
    if len(found) != len(lines):
        found = [_row(line) for line in lines]
    return [row for row in found if isinstance(row, dict)]


def _row(line: bytes) -> Any:
    try:
        return read_json(line)
    except ValueError:
        return None


def numbers(row: dict[str, Any]) -> Row:
    """Returns the numbers of a row."""
    return {
        str(key): float(value)
        for key, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def first_lines(head: bytes) -> list[Row]:
    """Returns the rows of JSON lines that have other keys than the rows before them."""
    return with_new_keys(_rows(head.removeprefix(b"\xef\xbb\xbf").split(b"\n")))


def with_new_keys(rows: Iterable[dict[str, Any]]) -> list[Row]:
    """Returns the numbers of the rows that have other keys than the rows before them."""
    found: list[Row] = []
    known: set[str] = set()
    for row in rows:
        if not row.keys() <= known:
            found.append(numbers(row))
            known.update(found[-1])
    return found
