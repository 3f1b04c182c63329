"""The ring in host memory or on disk. Updates get the rows of their windows as a packed ring, see `packing`.

Records never change between a draw and the end of its updates, so a thread reads those of the next call while updates
of this one run. Latents do: they are read only after the latents of all earlier calls are written. A record and latents
that the device still computes are written at the next call that needs the ring: the device never waits for them, and
whatever reads the ring sees it as if they had been written at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
import numpy.typing as npt

from ..base.spaces import mask_last
from . import ring as replay_ring
from .packing import Packing, Segment, pack
from .ring import Ring, StoredLatents, Windows
from .row_arrays import Array, MakeRows, RowShape
from .sampler import Indices
from .storage import InsertRecords, Rows, RunUpdates, State, Sums, groups

Arrays = dict[str, Array]


class Prepared(NamedTuple):
    """A call of the updates with the records of its windows, on the device."""

    packing: Packing
    records: dict[str, jax.Array]


class HostStorage:
    """Keeps the ring in arrays of rows on the host.

    Args:
      shapes: shapes and types of the ring, [E, R, ...] of one agent or [N, E, R, ...] of several.
      make: creates an array of rows.
      window: records of a window, T + 1.
      batch: B, windows of an update.
      sizes: numbers of updates that one call may run, the largest first; the last is 1.

    Attributes:
      shapes: shapes and types of the ring.
      inserts: false.

    Raises:
      NotSaved: the arrays cannot be made.
    """

    inserts = False

    def __init__(self, shapes: Ring, make: MakeRows, window: int, batch: int, sizes: Sequence[int]) -> None:
        self.shapes, self._window, self._batch, self._sizes = shapes, window, batch, sizes
        self._lead = shapes.latents.deter.shape[:-2]
        self._streams = int(np.prod(self._lead))
        self._pending: deque[Callable[[], None]] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="replay")
        self._row_shapes = {group: self._shapes_of(leaves) for group, leaves in groups(shapes).items()}
        self._arrays = {
            group: {name: make(shape) for name, shape in leaves.items()} for group, leaves in self._row_shapes.items()
        }

    def ring_of(self, updates: int) -> Ring:
        """Returns the shapes of the packed ring of ``updates`` updates."""
        rows, depth = updates * self._batch * self._window, len(self._lead) + 1
        lead = (*self._lead[:-1], 1, rows)
        shapes: Ring = jax.tree.map(
            lambda value: jax.ShapeDtypeStruct((*lead, *value.shape[depth:]), value.dtype), self.shapes
        )
        return shapes

    def insert(
        self, insert_records: InsertRecords, obs: Any, action: Any, latents: StoredLatents, position: int
    ) -> None:
        """Stores record number ``position`` of every stream as soon as the device has computed it."""
        self._settle()
        new: dict[str, dict[str, Any]] = groups(Ring({**obs, **action}, latents))
        _begin_copies(new)
        self._pending.append(partial(self._store, new, sorted(action), position))

    def train(
        self, run_updates: RunUpdates[State, Sums], state: State, indices: Indices, stored: int, sums: Sums
    ) -> tuple[State, Sums]:
        """Runs updates on packed rings, one call after the other."""
        self._settle()
        parts = self._split(indices)
        prepared = self._prepare(parts[0]).result()
        for number, part in enumerate(parts):
            following = self._prepare(parts[number + 1]) if part is not parts[-1] else None
            self._settle()
            packing = prepared.packing
            latents = jax.device_put(self._filled("latents", packing, self._packed_like("latents", packing)))
            ring = Ring(prepared.records, StoredLatents(**latents))
            state, after, sums = run_updates(state, ring, packing.indices, packing.rows, sums)
            written = groups(after)["latents"]
            _begin_copies({"latents": written})
            self._pending.append(partial(self._write_back, written, packing.segments))
            if following is not None:
                prepared = following.result()
        return state, sums

    def windows(self, agent: int, indices: npt.NDArray[Any], length: int) -> Windows:
        """Reads windows [B, 2] of one agent."""
        self._settle()
        packing = pack(indices[None], self._lead[-1], length)
        first = agent * self._lead[-1]
        mine = packing._replace(segments=[item._replace(stream=first + item.stream) for item in packing.segments])
        both = {}
        for group, shapes in self._row_shapes.items():
            empty = {name: np.empty((1, packing.rows, *shape.shape), shape.dtype) for name, shape in shapes.items()}
            both[group] = jax.device_put(self._filled(group, mine, empty))
        ring = Ring(both["records"], StoredLatents(**both["latents"]))
        return replay_ring.gather(ring, jax.device_put(packing.indices[0, :, :2]), length)

    def read(self, group: str, stream: int, row: int, rows: int) -> Rows:
        """Copies rows of a stream."""
        self._settle()
        copied = {name: np.empty((rows, *shape.shape), shape.dtype) for name, shape in self._row_shapes[group].items()}
        for name, out in copied.items():
            self._arrays[group][name].read(stream, row, out)
        return copied

    def write(self, group: str, stream: int, row: int, arrays: Rows) -> None:
        """Replaces rows of a stream."""
        self._settle()
        for name, shape in self._row_shapes[group].items():
            self._arrays[group][name].write(stream, row, arrays[name].astype(shape.dtype))

    def close(self) -> None:
        """Ends the thread and releases the arrays."""
        self._pending.clear()
        self._thread.shutdown()
        for leaves in self._arrays.values():
            for array in leaves.values():
                array.close()

    def _shapes_of(self, leaves: Mapping[str, Any]) -> dict[str, RowShape]:
        depth = len(self._lead) + 1
        return {
            name: RowShape(self._streams, self.shapes.rows, tuple(value.shape[depth:]), np.dtype(value.dtype))
            for name, value in leaves.items()
        }

    def _settle(self) -> None:
        """Writes what the device has computed since, in the order in which it was computed. Waits for the device."""
        while self._pending:
            self._pending[0]()
            self._pending.popleft()

    def _store(self, new: Mapping[str, Mapping[str, Any]], actions: Sequence[str], position: int) -> None:
        """Writes one record of every stream; actions are zero where an episode ended, as in `ring.insert`."""
        values = {
            group: {name: np.asarray(value).reshape(self._streams, *value.shape[len(self._lead) :])
                    for name, value in jax.device_get(dict(leaves)).items()}
            for group, leaves in new.items()
        }  # fmt: skip
        records = values["records"]
        records |= mask_last({name: records[name] for name in actions}, records["is_last"])
        for group, leaves in self._row_shapes.items():
            for name, shape in leaves.items():
                value = values[group][name].astype(shape.dtype, copy=False)
                self._arrays[group][name].write_all(position % shape.rows, value)

    def _split(self, indices: Indices) -> list[Packing]:
        """Splits updates into calls of the compiled sizes."""
        done, due, parts = 0, indices.shape[-3], []
        while done < due:
            size = next(size for size in self._sizes if size <= due - done)
            parts.append(pack(indices[..., done : done + size, :, :], self._lead[-1], self._window))
            done += size
        return parts

    def _prepare(self, packing: Packing) -> Future[Prepared]:
        """Reads records in the thread. Memory is allocated here: a thread has a heap that keeps what it once had."""
        empty = self._packed_like("records", packing)

        def read() -> Prepared:
            return Prepared(packing, jax.device_put(self._filled("records", packing, empty)))

        return self._thread.submit(read)

    def _packed_like(self, group: str, packing: Packing) -> Arrays:
        lead = (*self._lead[:-1], 1, packing.rows)
        return {name: np.empty((*lead, *shape.shape), shape.dtype) for name, shape in self._row_shapes[group].items()}

    def _filled(self, group: str, packing: Packing, packed: Arrays) -> Arrays:
        """Copies the rows of all segments into packed arrays, which are returned."""
        for name, value in packed.items():
            flat = value.reshape(-1, *value.shape[-1 - len(self._row_shapes[group][name].shape) :])
            for segment in packing.segments:
                for row, at, count in self._runs(segment):
                    self._arrays[group][name].read(segment.stream, row, flat[segment.agent][at : at + count])
        return packed

    def _write_back(self, latents: Mapping[str, Any], segments: Sequence[Segment]) -> None:
        """Writes the latents of all segments. Those that no update computed are as they were read."""
        for name, value in jax.device_get(dict(latents)).items():
            flat = value.reshape(-1, *value.shape[-1 - len(self._row_shapes["latents"][name].shape) :])
            for segment in segments:
                for row, at, count in self._runs(segment):
                    self._arrays["latents"][name].write(segment.stream, row, flat[segment.agent][at : at + count])

    def _runs(self, segment: Segment) -> list[tuple[int, int, int]]:
        """Returns row, packed row and number of rows of a segment's parts: one, or two around the end of the ring."""
        row = segment.number % self.shapes.rows
        count = min(segment.length, self.shapes.rows - row)
        parts = [(row, segment.at, count)]
        if count < segment.length:
            parts.append((0, segment.at + count, segment.length - count))
        return parts


def _begin_copies(new: Mapping[str, Mapping[str, Any]]) -> None:
    """Begins to copy arrays from the device, so that nothing waits for the copy later."""
    for leaves in new.values():
        for value in leaves.values():
            if isinstance(value, jax.Array):
                value.copy_to_host_async()
