"""Rows of metrics as blocks of JSON lines, in which the reader of a log takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

#: A row: metric -> value.
Row = dict[str, float]

#: Bytes of lines in one block.
_BLOCK = 1 << 20


def packed_rows(groups: Iterable[Iterable[Row]], lines_of: Callable[[Row], Iterable[str]]) -> Iterator[bytes]:
    """Yields blocks of lines. A group is never cut: a reader that stops after a block has all rows of its groups.

    Args:
      groups: rows that were read together.
      lines_of: turns a row into lines.
    """
    out: list[str] = []
    size = 0
    for rows in groups:
        for row in rows:
            lines = list(lines_of(row))
            out += lines
            size += sum(map(len, lines))
        if size > _BLOCK:
            yield "".join(out).encode()
            out, size = [], 0
    yield "".join(out).encode()
