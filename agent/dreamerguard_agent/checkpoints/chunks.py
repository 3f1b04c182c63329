"""The replay in pieces: which rows are one chunk, and where each chunk is stored.

The records and the latents of a replay are two *groups*. A group is a set of arrays [S, R, ...]: S streams of R rows
each. ``chunk`` consecutive rows of one stream are one chunk, with all arrays of the group. Chunks lie in *packs*,
files that only grow while they are new. A checkpoint names the packs that it needs and has a table of its chunks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .array_file import DTYPES, Array, Place

#: Packs of which fewer of the bytes than this share are still used are not kept.
_SHARE = 0.5
#: Maximum number of packs of one checkpoint; chunks of the smallest ones are written again.
_MOST_PACKS = 32


@dataclass(frozen=True, slots=True)
class ChunkLayout:
    """The shape of a group.

    Attributes:
      streams: S; rows: R, rows of each stream.
      chunk: rows of a chunk; the last chunk of a stream may have fewer.
      arrays: type and shape of a row by name.
    """

    streams: int
    rows: int
    chunk: int
    arrays: Mapping[str, tuple[str, tuple[int, ...]]]

    @property
    def chunks(self) -> int:
        """Chunks of a stream."""
        return self.count(self.rows)

    def count(self, rows: int) -> int:
        """Chunks that hold the first ``rows`` rows of a stream."""
        return -(-min(rows, self.rows) // self.chunk)

    def rows_of(self, number: int) -> int:
        """Rows of chunk ``number`` of a stream."""
        return min(self.chunk, self.rows - number * self.chunk)

    def shapes(self, number: int) -> Iterator[tuple[str, np.dtype[Any], tuple[int, ...]]]:
        """Name, type and shape of the arrays of chunk ``number``, in the order in which they are stored."""
        for name in sorted(self.arrays):
            dtype, shape = self.arrays[name]
            yield name, DTYPES[dtype], (self.rows_of(number), *shape)

    def size(self, number: int) -> int:
        """Bytes of chunk ``number`` of a stream."""
        return sum(dtype.itemsize * _product(shape) for _, dtype, shape in self.shapes(number))


class ChunkCopy(NamedTuple):
    """A copied chunk: its group, stream and number, and its arrays by name."""

    group: str
    stream: int
    number: int
    arrays: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class ChunkTable:
    """Where the chunks of a group are stored, [S, C] each for the C chunks that hold records.

    Attributes:
      layout: shape of the group.
      pack: number of the pack, int32; -1 where the chunk is not stored (yet).
      offset: first byte in the pack, int64.
      digest: SHA-256, uint8 [S, C, 32].
    """

    layout: ChunkLayout
    pack: Array
    offset: Array
    digest: Array

    @classmethod
    def empty(cls, layout: ChunkLayout, count: int) -> ChunkTable:
        """Makes a table of ``count`` chunks for each stream, none of them stored."""
        shape = layout.streams, count
        return cls(layout, np.full(shape, -1, np.int32), np.zeros(shape, np.int64), np.zeros((*shape, 32), np.uint8))

    def sizes(self) -> Array:
        """Bytes of the chunks, int64 [C]."""
        count = self.pack.shape[1]
        sizes = np.full(count, self.layout.size(0), np.int64)
        if count == self.layout.chunks:
            sizes[-1:] = self.layout.size(count - 1)
        return sizes

    def place(self, stream: int, number: int) -> Place:
        """Returns the place of a chunk in its pack."""
        digest = self.digest[stream, number].tobytes()
        return Place(int(self.offset[stream, number]), self.layout.size(number), digest)

    def store(self, stream: int, number: int, pack: int, place: Place) -> None:
        """Enters the place of a chunk."""
        self.pack[stream, number], self.offset[stream, number] = pack, place.offset
        self.digest[stream, number] = np.frombuffer(place.digest, np.uint8)

    def take(self, other: ChunkTable, chosen: Array) -> None:
        """Enters the places of some chunks of another table, chosen by a bool [S, C] of its shape."""
        count = min(self.pack.shape[1], other.pack.shape[1])
        chosen = chosen[:, :count]
        for mine, theirs in ((self.pack, other.pack), (self.offset, other.offset), (self.digest, other.digest)):
            mine[:, :count][chosen] = theirs[:, :count][chosen]

    def arrays(self) -> dict[str, Array]:
        """Returns the table as arrays, which are stored like all others."""
        return {"pack": self.pack, "offset": self.offset, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class StoredReplay:
    """The stored chunks of a published checkpoint, for later ones to share.

    Attributes:
      folder: its folder; packs: names of its packs.
      tables: by group.
      epoch: chunks that were changed in a later epoch must be stored again.
    """

    folder: Path
    packs: tuple[str, ...]
    tables: Mapping[str, ChunkTable]
    epoch: int

    def shared(self, unchanged: Mapping[str, Array]) -> dict[str, Array]:
        """Chooses the chunks that a new checkpoint takes over, in packs that are worth keeping.

        Args:
          unchanged: by group, bool [S, C]: chunks that are as they were in this checkpoint.

        Returns:
          The same with fewer chunks: no mostly unused packs, and not too many packs.
        """
        used = np.zeros(len(self.packs), np.int64)
        for group, same in unchanged.items():
            table = self.tables[group]
            sizes = np.broadcast_to(table.sizes(), same.shape)
            used += np.bincount(table.pack[same], sizes[same], len(used)).astype(np.int64)
        whole = np.asarray([_bytes_of(self.folder / name) for name in self.packs], np.int64)
        good = (used > 0) & (used >= _SHARE * whole) & (whole > 0)
        smallest = np.argsort(np.where(good, used, 0))[: max(0, len(used) - _MOST_PACKS)]
        good[smallest] = False
        return {group: same & good[self.tables[group].pack] for group, same in unchanged.items()}


def _bytes_of(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for length in shape:
        result *= length
    return result
