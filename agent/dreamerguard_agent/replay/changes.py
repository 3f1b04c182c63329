"""The ring of a replay in chunks: which of them changed since when, and copying them to the host and back.

Records are written once, in order. Latents are written with them, and again by every update for the windows that it
trained on. The host chooses both, so it knows which chunks change without looking at the device.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from ..checkpoints.chunks import ChunkCopy, ChunkLayout
from .ring import Ring, StoredLatents

Numbers = npt.NDArray[np.int64]

#: Preferred bytes of a chunk, and maximum bytes of one chunk of every stream: one vector step may copy as much.
_CHUNK_BYTES, _STEP_BYTES = 1 << 18, 1 << 25
_FEWEST_ROWS, _MOST_ROWS = 16, 4096


class RingChunks:
    """The chunks of a ring and their changes.

    Args:
      ring: the ring, [E, R, ...] of one agent or [N, E, R, ...] of several; only its shapes are used.

    Attributes:
      layouts: by group.
      epoch: number of the current epoch; a copy ends it.
      changed: by group, int64 [S, C]: the epoch in which a chunk last changed.
    """

    def __init__(self, ring: Ring) -> None:
        self._lead = ring.latents.deter.shape[:-2]
        self.rows = ring.rows
        self.layouts = {name: self._layout(leaves) for name, leaves in groups(ring).items()}
        self.epoch = 1
        self.changed = {
            name: np.zeros((layout.streams, layout.chunks), np.int64) for name, layout in self.layouts.items()
        }

    def inserted(self, group: str, position: int) -> tuple[Numbers, Numbers]:
        """Returns streams and numbers of the chunks that record number ``position`` changes."""
        layout = self.layouts[group]
        streams = np.arange(layout.streams)
        return streams, np.full_like(streams, position % self.rows // layout.chunk)

    def trained(self, indices: npt.NDArray[Any], length: int) -> tuple[Numbers, Numbers]:
        """Returns streams and numbers of the latents' chunks that updates on these windows change.

        Args:
          indices: windows of `WindowSampler.draw`, [..., B, 2], with an axis of agents in front if there are several.
          length: T, trained steps of a window; they follow the first record.
        """
        layout = self.layouts["latents"]
        flat = indices.reshape(*self._lead[:-1], -1, 2).astype(np.int64)
        streams = flat[..., 0]
        if len(self._lead) > 1:
            streams = streams + np.arange(self._lead[0])[:, None] * self._lead[1]
        rows = (flat[..., 1, None] + 1 + np.arange(length)) % self.rows
        both = np.unique(streams[..., None] * layout.chunks + rows // layout.chunk)
        return both // layout.chunks, both % layout.chunks

    def mark(self, group: str, streams: Numbers, numbers: Numbers) -> None:
        """Notes that chunks change in the current epoch."""
        self.changed[group][streams, numbers] = self.epoch

    def fetch(self, ring: Ring, group: str, stream: int, number: int) -> ChunkCopy:
        """Copies a chunk to the host."""
        layout = self.layouts[group]
        start = jax.device_put(self._start(stream, number * layout.chunk))
        cut = _cut(groups(ring)[group], start, layout.rows_of(number))
        return ChunkCopy(group, stream, number, jax.device_get(cut))

    def compile(self, ring: Ring) -> None:
        """Compiles `fetch` for all sizes of chunks, so that the first save does not wait for it."""
        for group, layout in self.layouts.items():
            for number in {0, layout.chunks - 1}:
                self.fetch(ring, group, 0, number)

    def put(self, ring: Ring, piece: ChunkCopy, row: int) -> Ring:
        """Copies a chunk back into the ring, from row ``row`` of its stream on; donates the ring's arrays."""
        start = jax.device_put(self._start(piece.stream, row))
        old = groups(ring)[piece.group]
        new = _paste(old, {name: piece.arrays[name].astype(value.dtype) for name, value in old.items()}, start)
        if piece.group == "records":
            return Ring(new, ring.latents)
        return Ring(ring.records, StoredLatents(**new))

    def _start(self, stream: int, row: int) -> npt.NDArray[np.int32]:
        return np.asarray([*np.unravel_index(stream, self._lead), row], np.int32)

    def _layout(self, leaves: dict[str, jax.Array]) -> ChunkLayout:
        depth = len(self._lead) + 1
        streams = int(np.prod(self._lead))
        arrays = {name: (value.dtype.name, tuple(value.shape[depth:])) for name, value in leaves.items()}
        row = ChunkLayout(streams, 1, 1, arrays).size(0)
        fitting = min(_CHUNK_BYTES, _STEP_BYTES // streams) // max(row, 1)
        rows = min(max(1 << max(fitting, 1).bit_length() - 1, _FEWEST_ROWS), _MOST_ROWS)
        return ChunkLayout(streams, self.rows, min(rows, self.rows), arrays)


def groups(ring: Ring) -> dict[str, dict[str, jax.Array]]:
    """Returns the arrays of a ring by group and name."""
    return {"records": ring.records, "latents": {"deter": ring.latents.deter, "stoch": ring.latents.stoch}}


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
