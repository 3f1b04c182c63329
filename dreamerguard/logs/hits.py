"""Finds which records in a block of bytes hold one of several texts, without looking at each record."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

#: A record: the bytes that hold it, its start and its end.
Record = tuple[bytes, int, int]


class Hits:
    """The records of a block.

    Args:
      data: the block.
      records: its records in the order of their starts; some may be in other bytes.
    """

    def __init__(self, data: bytes, records: list[Record]) -> None:
        self._data, self._records = data, records
        self._elsewhere = [number for number, record in enumerate(records) if record[0] is not data]
        self._numbers: Sequence[int] = range(len(records))
        if self._elsewhere:
            self._numbers = [number for number, record in enumerate(records) if record[0] is data]
            records = [records[number] for number in self._numbers]
        self._starts = [record[1] for record in records]

    def holding(self, texts: Iterable[bytes]) -> Iterator[int]:
        """Yields the numbers of the records that hold one of the texts, for each text in ascending order."""
        for text in texts:
            yield from (n for n in self._elsewhere if text in self._records[n][0])
            at, size = self._data.find(text), len(text)
            while at >= 0:
                place = bisect_right(self._starts, at) - 1
                number = self._numbers[place] if place >= 0 else -1
                end = self._records[number][2] if place >= 0 else 0
                if at < end:
                    yield number
                at = self._data.find(text, max(end, at + size))
