"""Chooses the records of a long event file that are read: evenly spread, and those of scores on their own count."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

#: Bytes around a payload in a record: length and its checksum, and the checksum of the payload.
HEAD, TAIL = 12, 4

#: Scores to pass over from which they are looked at together.
_RUN = 4
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
        self._start = self._end = 0
        self._count = self._scores = 0
        self._runs: dict[bytes, tuple[tuple[int, bytes], re.Pattern[bytes]]] = {}

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
        self._data, self._start = data, -1
        if most is not None:
            self._step = 1 + sum(map(data.count, self._tags)) // max(most, 1)

    def _find(self, at: int) -> tuple[int, int]:
        """Returns where the next tag of a score begins and ends; behind the data if there is none."""
        hit = self._pattern.search(self._data, at)
        return hit.span() if hit is not None else (len(self._data), len(self._data))

    def takes(self, start: int, end: int) -> bool:
        """Returns whether the next record, with its payload from start to end, is read."""
        if self.all:
            return True
        if self._start < start:
            self._start, self._end = self._find(start)
        if self._start < end and self._pattern.search(self._data, start, end):
            self._scores += 1
            return not self._scores % self._step
        self._count += 1
        return not (self._count * _SPREAD >> 16) % self._every

    def _like(self, head: bytes, length: int, before: int, tag: bytes) -> re.Pattern[bytes]:
        """Returns the pattern of consecutive records with the same head and the same tag at the same place."""
        known = self._runs.get(head)
        if known is None or known[0] != (before, tag):
            rest = length - before - len(tag) + TAIL
            text = re.escape(head) + b".{%d}" % before + re.escape(tag) + b".{%d}" % rest
            known = self._runs[head] = (before, tag), re.compile(b"(?:%b)*" % text, re.DOTALL)
        return known[1]

    def pass_over(self, at: int, lengths: Mapping[bytes, int]) -> int:
        """Returns where the next record begins that may have to be read.

        Args:
          at: where a record begins.
          lengths: head of a record -> length of its payload; other heads are left to the caller.
        """
        if self.all:
            return at
        data, size, start, stop = self._data, len(self._data) - TAIL, self._start, self._end
        count, scores, every, step = self._count, self._scores, self._every, self._step
        while (length := lengths.get(head := data[at : at + HEAD])) is not None:
            end = at + HEAD + length
            if start < at:
                start, stop = self._find(at)
            if end > size:
                break
            if start >= end:
                if not ((count + 1) * _SPREAD >> 16) % every:
                    break
                count += 1
            elif start < at + HEAD or stop > end or not (scores + 1) % step:
                break
            else:
                scores += 1
                left = step - 1 - scores % step
                if left >= _RUN:  # the same head and tag follow each other in most files of scores
                    like = self._like(head, length, start - at - HEAD, data[start:stop])
                    stride = HEAD + length + TAIL
                    passed = like.match(data, end + TAIL, end + TAIL + left * stride)
                    more = (passed.end() - passed.start()) // stride if passed is not None else 0
                    scores += more
                    end += more * stride
            at = end + TAIL
        self._count, self._scores, self._start, self._end = count, scores, start, stop
        return at
