"""Where the ring of a replay lies: on the device, in host memory or on disk. All give the same samples, bit for bit.

`device_storage` keeps the ring on the device, where updates read it. `host_storage` keeps it in NumPy arrays or files;
each call of the updates gets the rows that its windows cover as a small ring, see `packing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from .ring import Ring, StoredLatents, Windows
from .sampler import Indices

State = TypeVar("State")
Sums = TypeVar("Sums")

#: Arrays of some rows of one stream by name, [n, ...].
Rows = Mapping[str, npt.NDArray[Any]]


class InsertRecords(Protocol):
    """A compiled function that stores one record per environment and donates the ring."""

    def __call__(self, ring: Ring, obs: Any, action: Any, latents: StoredLatents, position: int, /) -> Ring:
        """Returns the ring with record number ``position``."""


class RunUpdates(Protocol[State, Sums]):
    """A compiled function that runs updates and donates learner state and ring."""

    def __call__(
        self, state: State, ring: Ring, indices: Indices, stored: int, sums: Sums, /
    ) -> tuple[State, Ring, Sums]:
        """Returns the learner state, the ring and the accumulated metrics. Of a packed ring only latents are used."""


class Storage(Protocol):
    """The ring of all agents: [E, R, ...] of one agent, [N, E, R, ...] of several; S = N E streams.

    Attributes:
      shapes: shapes and types of the ring.
      inserts: whether `insert` uses its compiled function, and updates get the ring itself.
    """

    shapes: Ring
    inserts: bool

    def ring_of(self, updates: int) -> Ring:
        """Returns shapes and types of the ring that the compiled function of ``updates`` updates gets."""

    def insert(
        self, insert_records: InsertRecords, obs: Any, action: Any, latents: StoredLatents, position: int
    ) -> None:
        """Stores record number ``position`` of every stream."""

    def train(
        self, run_updates: RunUpdates[State, Sums], state: State, indices: Indices, stored: int, sums: Sums
    ) -> tuple[State, Sums]:
        """Runs updates on windows [K, B, 2] or [N, K, B, 2]; each reads the latents that those before it wrote back."""

    def windows(self, agent: int, indices: npt.NDArray[Any], length: int) -> Windows:
        """Reads windows [B, 2] of one agent, ``length`` records each."""

    def read(self, group: str, stream: int, row: int, rows: int) -> Rows:
        """Copies rows of a stream to the host."""

    def write(self, group: str, stream: int, row: int, arrays: Rows) -> None:
        """Replaces rows of a stream."""

    def close(self) -> None:
        """Releases files and threads."""


def groups(ring: Ring) -> dict[str, dict[str, Any]]:
    """Returns the arrays of a ring by group and name."""
    return {"records": ring.records, "latents": {"deter": ring.latents.deter, "stoch": ring.latents.stoch}}


def place_of(stream: int, lead: tuple[int, ...], row: int) -> npt.NDArray[np.int32]:
    """Returns the indices of a row of a stream in arrays with the leading axes ``lead``, [E] or [N, E]."""
    return np.asarray([*np.unravel_index(stream, lead), row], np.int32)
