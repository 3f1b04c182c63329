"""A copy of the ring as it was at one moment, made while training goes on.

The ring changes at every step, so nothing else may read it. Instead the training thread copies some chunks after every
step, and a chunk that is about to change is copied just before. Chunks that an earlier checkpoint holds unchanged are
not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..checkpoints.array_file import Array
from ..checkpoints.chunks import ChunkCopy, ChunkLayout, ChunkTable, StoredReplay
from ..checkpoints.draft import ReplayPlan
from .changes import Numbers, RingChunks

#: Copies a chunk of a group, stream and number as it is now.
Fetch = Callable[[str, int, int], ChunkCopy]


def plan_copy(
    layouts: Mapping[str, ChunkLayout], changed: Mapping[str, Array], stored: int, shared: StoredReplay | None
) -> ReplayPlan:
    """Plans a checkpoint of a ring: which chunks an earlier one holds unchanged, and so which are to be copied.

    Args:
      layouts: shapes of the ring by group.
      changed: by group, int64 [S, C]: the epoch in which a chunk last changed.
      stored: records in every stream.
      shared: the earlier checkpoint, or None.
    """
    if shared and {name: table.layout for name, table in shared.tables.items()} != dict(layouts):
        shared = None
    counts = {name: layout.count(stored) for name, layout in layouts.items()}
    tables = {name: ChunkTable.empty(layout, counts[name]) for name, layout in layouts.items()}
    if shared:
        for name, keep in shared.shared(_unchanged(changed, shared, counts)).items():
            tables[name].take(shared.tables[name], keep)
    return ReplayPlan(tables, stored, shared)


class RingCopy:
    """Copies chunks of a ring.

    Args:
      chunks: chunks of the ring; its epoch ends here.
      fetch: copies one chunk as it is now.
      plan: the tables of the checkpoint.
      missing: by group, bool [S, C]: the chunks to copy.

    Attributes:
      plan: the tables of the checkpoint.
      epoch: the epoch that ended.
    """

    def __init__(self, chunks: RingChunks, fetch: Fetch, plan: ReplayPlan, missing: Mapping[str, Array]) -> None:
        self._copied, self.plan = fetch, plan
        self._put: Callable[[ChunkCopy], None] | None = None
        self._missing = dict(missing)
        self._order = ((name, *at) for name, due in self._missing.items() for at in np.argwhere(due))
        self.epoch, chunks.epoch = chunks.epoch, chunks.epoch + 1

    def start(self, put: Callable[[ChunkCopy], None], full: Callable[[], bool]) -> None:
        """Sets where copied chunks go."""
        self._put = put

    def stop(self) -> None:
        """Ends the copy."""
        self._put = None

    @property
    def active(self) -> bool:
        """Whether chunks must be copied before they change."""
        return self._put is not None

    def copy(self, enough: Callable[[], bool]) -> bool:
        """Copies chunks until ``enough()`` is true. Returns whether all are copied."""
        for group, stream, number in self._order:
            self._fetch(group, int(stream), int(number))
            if enough():
                return False
        return True

    def copy_now(self, group: str, streams: Numbers, numbers: Numbers) -> None:
        """Copies chunks that are about to change, unless they are copied already."""
        missing = self._missing[group]
        inside = numbers < missing.shape[1]
        streams, numbers = streams[inside], numbers[inside]
        due = missing[streams, numbers]
        for stream, number in zip(streams[due].tolist(), numbers[due].tolist(), strict=True):
            self._fetch(group, stream, number)

    def _fetch(self, group: str, stream: int, number: int) -> None:
        if self._put and self._missing[group][stream, number]:
            self._missing[group][stream, number] = False
            self._put(self._copied(group, stream, number))


def missing(plan: ReplayPlan) -> dict[str, Array]:
    """Returns the chunks that a plan does not share, by group, bool [S, C]."""
    return {name: table.pack < 0 for name, table in plan.tables.items()}


def _unchanged(changed: Mapping[str, Array], shared: StoredReplay, counts: dict[str, int]) -> dict[str, Array]:
    """Returns, by group, the chunks of the checkpoint that are as they were, bool [S, C]."""
    result = {}
    for name, table in shared.tables.items():
        count = min(table.pack.shape[1], counts[name])
        result[name] = np.zeros(table.pack.shape, bool)
        result[name][:, :count] = (table.pack[:, :count] >= 0) & (changed[name][:, :count] <= shared.epoch)
    return result
