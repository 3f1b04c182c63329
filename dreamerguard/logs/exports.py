"""Reads exported histories of W&B: CSV of a chart or of ``run.history()``, JSON of either, or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import BinaryIO

from .csv_exports import ExportError, Header, csv_block, csv_cells, read_header
from .json_exports import first_lines, json_block, json_parts, line_block, with_new_keys
from .row_blocks import Row, RowBlock, Wanted
from .tail import Tail

#: Largest JSON export; a larger history is exported as CSV or JSON lines.
MOST_JSON = 64 << 20
#: Bytes in which the keys of an export are looked for.
_HEAD = 4 << 20


class ExportTail(Tail):
    """Yields the rows of an export. A JSON file that changes is read again as a whole.

    Attributes:
      damaged: whether the end of a JSON file could not be read.
    """

    wanted: Wanted
    header: Header | None
    damaged: bool

    def prepare(self, wanted: Wanted) -> None:
        """Sets the columns to look for."""
        self.wanted, self.header, self.damaged = wanted, None, False

    def row_blocks(self, rows_per_byte: float) -> Iterator[RowBlock]:
        """Yields blocks with all scores of the appended rows; of a long backlog, of evenly spaced parts and the end.

        Args:
          rows_per_byte: how many rows are read whole, for each byte that is read; at least one in a block.
        """
        if self.path.suffix == ".json":
            yield from self._json(rows_per_byte)
            return
        for block in self.blocks(in_parts=True):
            quota = round(rows_per_byte * len(block)) + 1
            if self.path.suffix == ".jsonl":
                yield line_block(block, self.wanted, quota)
            else:
                yield self._csv(block, quota)

    def rest(self, most: int = 4096) -> bytes:
        """Returns nothing for a JSON file, which has no lines."""
        return b"" if self.path.suffix == ".json" else super().rest(most)

    def _csv(self, block: bytes, quota: int) -> RowBlock:
        if self.offset and self.offset <= len(block):
            self.header = None  # the first block of the file
        if self.header is None:
            first, _, block = block.lstrip(b"\r\n").partition(b"\n")
            with suppress(ExportError):
                self.header = read_header(first)
        return RowBlock() if self.header is None else csv_block(block, self.header, self.wanted, quota)

    def _json(self, rows_per_byte: float) -> Iterator[RowBlock]:
        with self.opened() as opened:
            if opened is None or opened[1] > MOST_JSON:
                return
            file, end = opened
            if self.offset and end > self.offset:
                self.events.append("cut back")
                yield RowBlock()
            file.seek(0)
            self.damaged = False
            try:
                for data, rows in json_parts(file):
                    yield json_block(data, rows, self.wanted, round(rows_per_byte * len(data)) + 1)
            except ExportError:
                self.damaged = True
            self.taken = end
            self.skip(file, end)


def first_rows(name: str, file: BinaryIO) -> list[Row]:
    """Returns rows in the start of an export, with every key in it that has a number.

    Args:
      name: its file name.
      file: the export, at its start.

    Raises:
      ExportError: it is not valid, or holds several runs.
    """
    if name.endswith(".json"):
        return with_new_keys(chain.from_iterable(rows for _, rows in islice(json_parts(file), 4)))
    data = file.read(_HEAD)
    head = data[: data.rfind(b"\n") + 1]
    if name.endswith(".jsonl"):
        return first_lines(head)
    first, _, block = head.lstrip(b"\r\n").partition(b"\n")
    header = read_header(first)
    return [] if header is None else [header.row(cells) for cells in csv_cells(block)]
