"""The ring on the device. Updates read and write it there; the host only copies pieces for checkpoints."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

import jax
import numpy as np
import numpy.typing as npt

from . import ring as replay_ring
from .ring import Ring, StoredLatents, Windows
from .sampler import Indices
from .storage import InsertRecords, Rows, RunUpdates, State, Sums, groups, place_of

Tree = TypeVar("Tree")


class DeviceStorage:
    """Keeps the ring on the device.

    Args:
      ring: the ring; that of several agents may be spread over devices, each with as many agents.

    Attributes:
      ring: the ring. `insert` and `train` donate it, so hold no reference across their calls.
      shapes: shapes and types of the ring.
      inserts: true.
    """

    inserts = True

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.shapes: Ring = jax.tree.map(lambda value: jax.ShapeDtypeStruct(value.shape, value.dtype), ring)
        self._lead = ring.latents.deter.shape[:-2]
        self._devices = len(ring.latents.deter.addressable_shards)
        self._own = (self._lead[0] // self._devices, *self._lead[1:])  # the leading axes on each device

    def ring_of(self, updates: int) -> Ring:
        """Returns the shapes of the whole ring."""
        return self.shapes

    def insert(
        self, insert_records: InsertRecords, obs: Any, action: Any, latents: StoredLatents, position: int
    ) -> None:
        """Stores record number ``position`` of every stream."""
        self.ring = insert_records(self.ring, obs, action, latents, position)

    def train(
        self, run_updates: RunUpdates[State, Sums], state: State, indices: Indices, stored: int, sums: Sums
    ) -> tuple[State, Sums]:
        """Runs updates on the ring."""
        state, self.ring, sums = run_updates(state, self.ring, indices, stored, sums)
        return state, sums

    def windows(self, agent: int, indices: npt.NDArray[Any], length: int) -> Windows:
        """Reads windows [B, 2] of one agent."""
        device, own = divmod(agent, self._own[0]) if len(self._lead) > 1 else (0, 0)
        first = own * self._lead[-1]
        return _gathered(self._part(self.ring, device), indices + np.array([first, 0], np.int32), length)

    def read(self, group: str, stream: int, row: int, rows: int) -> Rows:
        """Copies rows of a stream to the host. Compiles for every new number of rows."""
        device, start = self._place(stream, row)
        copied: Rows = jax.device_get(_cut(self._part(groups(self.ring)[group], device), start, rows))
        return copied

    def write(self, group: str, stream: int, row: int, arrays: Rows) -> None:
        """Replaces rows of a stream; donates the ring's arrays."""
        device, start = self._place(stream, row)
        old = groups(self.ring)[group]
        values = {name: arrays[name].astype(value.dtype) for name, value in old.items()}
        if self._devices == 1:
            new = _paste(old, values, start)
        else:
            pieces = {name: _parts(value) for name, value in old.items()}
            pasted = _paste({name: parts[device] for name, parts in pieces.items()}, values, start)
            new = {name: _joined(old[name], [*parts[:device], pasted[name], *parts[device + 1 :]])
                   for name, parts in pieces.items()}  # fmt: skip
        records, latents = (new, self.ring.latents) if group == "records" else (self.ring.records, StoredLatents(**new))
        self.ring = Ring(records, latents)

    def _place(self, stream: int, row: int) -> tuple[int, jax.Array]:
        """Returns the number of the device that has a stream, and the indices of a row of it there."""
        device, own = divmod(stream, int(np.prod(self._own)))
        return device, jax.device_put(place_of(own, self._own, row))

    def _part(self, tree: Tree, device: int) -> Tree:
        """Returns the arrays of one device, without a copy."""
        part: Tree = tree if self._devices == 1 else jax.tree.map(lambda value: _parts(value)[device], tree)
        return part

    def close(self) -> None:
        """Does nothing: arrays on the device are released with the storage."""


def _parts(value: jax.Array) -> list[jax.Array]:
    """Returns the pieces of an array that is split along its first axis, in order."""
    shards = sorted(value.addressable_shards, key=lambda shard: shard.index[0].start or 0)
    return [shard.data for shard in shards]


def _joined(like: jax.Array, pieces: list[jax.Array]) -> jax.Array:
    """Returns pieces on their devices as one array with the shape and the places of another one."""
    return jax.make_array_from_single_device_arrays(like.shape, like.sharding, pieces)


@partial(jax.jit, static_argnums=2)
def _gathered(ring: Ring, indices: jax.Array, length: int) -> Windows:
    """Reads windows [B, 2] by the number of the stream over all agents, without a copy of the ring."""
    depth = ring.latents.deter.ndim - 2
    streams = jax.tree.map(lambda value: value.reshape(-1, *value.shape[depth:]), ring)
    return replay_ring.gather(streams, indices, length)


@partial(jax.jit, static_argnums=2)
def _cut(leaves: dict[str, jax.Array], start: jax.Array, rows: int) -> dict[str, jax.Array]:
    """Returns ``rows`` rows of one stream of every array."""
    depth = len(start)

    def one(value: jax.Array) -> jax.Array:
        at = (*(start[i] for i in range(depth)), *(0,) * (value.ndim - depth))
        sizes = (*(1,) * (depth - 1), rows, *value.shape[depth:])
        return jax.lax.dynamic_slice(value, at, sizes).reshape(rows, *value.shape[depth:])

    return jax.tree.map(one, leaves)


@partial(jax.jit, donate_argnums=0)
def _paste(leaves: dict[str, jax.Array], new: dict[str, Any], start: jax.Array) -> dict[str, jax.Array]:
    """Replaces rows of one stream of every array."""
    depth = len(start)

    def one(value: jax.Array, piece: jax.Array) -> jax.Array:
        at = (*(start[i] for i in range(depth)), *(0,) * (value.ndim - depth))
        return jax.lax.dynamic_update_slice(value, piece.reshape(*(1,) * (depth - 1), *piece.shape), at)

    return jax.tree.map(one, leaves, new)
