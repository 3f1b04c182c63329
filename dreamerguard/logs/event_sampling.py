"""Chooses the records of a long event file that are read: evenly spread, and those of scores on their own count."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

#: Bytes around a payload in a record: length and its checksum, and the checksum of the payload.
HEAD, TAIL = 12, 4

#: Spreads the numbers of the records that are read: not at equal distances, because tags come in turns.
_SPREAD = 0x9E3779B1


class EventSampler:
    """Decides record by record, in the order of the file.

    Args:
      tags: tags of scores.
    """

    def __init__(self, tags: Collection[str]) -> None:
        self._tags = tuple(tag.encode() for tag in tags)
        self._pattern = re.compile(b"|".join(map(re.escape, self._tags)) or rb"(?!)")
        self._every = self._step = 1
        self._data = b""
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._next = 0
        self._count = self._scores = 0

    @property
    def all(self) -> bool:
        """Whether every record is read."""
        return self._every == self._step == 1

    def prepare(self, data: bytes, every: int, most: int | None) -> None:
        """Begins with new bytes.

        Args:
          data: the bytes.
          every: of the records without a score, about one in so many is read.
          most: records with a score from which on only about so many, evenly spaced, are read; None for all.
        """
        self._every, self._step = every, 1
        self._data, self._next = data, 0
        spans = [] if most is None and every == 1 else [hit.span() for hit in self._pattern.finditer(data)]
        if most is not None:
            self._step = 1 + len(spans) // max(most, 1)
        self._starts = [start for start, _ in spans] + [len(data)]
        self._ends = [end for _, end in spans]

    def takes(self, start: int, end: int) -> bool:
        """Returns whether the next record, with its payload from start to end, is read."""
        if self.all:
            return True
        while self._starts[self._next] < start:
            self._next += 1
        if self._starts[self._next] < end and self._pattern.search(self._data, start, end):
            self._scores += 1
            return not self._scores % self._step
        self._count += 1
        return not (self._count * _SPREAD >> 16) % self._every

    def pass_over(self, at: int, lengths: Mapping[bytes, int]) -> int:
        """Returns where the next record begins that may have to be read.

        Args:
          at: where a record begins.
          lengths: head of a record -> length of its payload; other heads are left to the caller.
        """
        if self.all:
            return at
        data, size, starts, ends = self._data, len(self._data) - TAIL, self._starts, self._ends
        count, scores, following, every, step = self._count, self._scores, self._next, self._every, self._step
        while (length := lengths.get(data[at : at + HEAD])) is not None:
            end = at + HEAD + length
            while starts[following] < at:
                following += 1
            if end > size:
                break
            if starts[following] >= end:
                if not ((count + 1) * _SPREAD >> 16) % every:
                    break
                count += 1
            elif starts[following] < at + HEAD or ends[following] > end or not (scores + 1) % step:
                break
            else:
                scores += 1
            at = end + TAIL
        self._count, self._scores, self._next = count, scores, following
        return at
