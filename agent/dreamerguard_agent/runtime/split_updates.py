"""Updates whose batch is split over several devices, of this process and of others.

Every device holds the learner state and computes the losses of its part of the batch; gradients, metrics and the
percentiles of the returns are those of the whole batch (`base.batch_axis`), so all devices make the same step. The
noise is drawn as for one device. Hence K devices compute what one computes, up to the order of sums.

The replay of a process lies on its first device, or in its host memory, and holds the records of its environments only.
An update takes three programs there: one gathers the windows of this process, one on all devices updates, and one
writes the latents back. Nothing waits for them. With several processes, each passes its own windows, and all must call
the update equally often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ..algorithm import learner
from ..algorithm.learner import Batch, Metrics, TrainState
from ..base.batch_axis import BATCH, own_part, split_over
from ..base.spec import AgentSpec
from ..model.noise import draw_noise
from ..model.rssm import Latent
from ..replay import ring as replay_ring
from ..replay.ring import Ring, StoredLatents
from .device import compile_program
from .faults import Faults
from .updates import UPDATE, batch_of, seed_key

_ALL, _PARTS = PartitionSpec(), PartitionSpec(BATCH)


def split_update(spec: AgentSpec, mesh: Mesh, batch: int, length: int) -> Callable[..., Any]:
    """Returns ``(seed, state, windows) -> state, latents, metrics``: one update on windows that lie on a mesh.

    Args:
      spec: the agent.
      mesh: devices along the axis `BATCH`; their number divides ``batch``.
      batch: B, windows of all devices.
      length: T, trained steps of a window.

    Returns:
      A function of the agent's seed, its state, on every device, and windows [B, T + 1, ...], split over the devices.
      Its state and metrics are on every device, its latents [B, T, ...] split.
    """

    def part(seed: Any, state: TrainState, windows: Batch) -> tuple[TrainState, Latent, Metrics]:
        with split_over():
            key = jax.random.fold_in(seed_key(seed, UPDATE), state.step)
            after, latents, metrics = learner.update(
                spec, state, windows, own_part(draw_noise(spec, key, batch, length))
            )
        return after, latents, metrics | {"opt/skipped": learner.skipped(spec, metrics)}

    # Without the check that outputs are the same on all devices: it does not know the custom gradients of `fast`.
    return jax.shard_map(
        part, mesh=mesh, in_specs=(_ALL, _ALL, _PARTS), out_specs=(_ALL, _PARTS, _ALL), check_vma=False
    )


class BatchShape(NamedTuple):
    """The shape of a batch.

    Attributes:
      windows: B, windows of an update, on all devices together; length: T, trained steps of a window.
      packed: whether the ring of an update is packed, see `replay.packing`.
    """

    windows: int
    length: int
    packed: bool = False


class SplitUpdates:
    """The compiled update of one agent on several devices.

    Args:
      spec: the agent.
      seed: its seed.
      state: learner state on the first device; only its shapes are used.
      ring: the ring that an update gets; only its shapes are used.
      devices: of all processes, in the same order everywhere, each process as many.
      shape: the shape of a batch.
      faults: updates that were skipped so far; only its shapes are used.

    Attributes:
      metrics: shapes of the metrics.
    """

    def __init__(
        self,
        spec: AgentSpec,
        seed: int,
        state: TrainState,
        ring: Ring,
        devices: Sequence[jax.Device],
        shape: BatchShape,
        faults: Faults,
    ) -> None:
        batch, length, packed = shape
        self._mesh = Mesh(np.asarray(devices), (BATCH,))
        self._local = [device for device in devices if device.process_index == jax.process_index()]
        self._seed = self._everywhere(jax.device_put(np.uint32(seed)))
        self._whole: TrainState | None = None
        self._seen: TrainState | None = None
        rows = batch // len(devices)
        chosen = jax.ShapeDtypeStruct((1, rows * len(self._local), 4 if packed else 2), jnp.int32)
        gather = jax.jit(partial(_gather, length, len(self._local))).lower(ring, chosen)
        self._gather = compile_program(gather)
        windows = jax.tree.map(partial(self._shape, _PARTS, len(devices)), gather.out_info[0])
        update = jax.jit(split_update(spec, self._mesh, batch, length), donate_argnums=1).lower(
            self._seed, jax.tree.map(partial(self._shape, _ALL, 1), state), windows
        )
        self._update = compile_program(update)
        _, latents, metrics = update.out_info
        pieces = [jax.tree.map(lambda x: _like((rows, *x.shape[1:]), x), latents)] * len(self._local)
        scalars = jax.tree.map(lambda x: _like(x.shape, x), metrics)
        write = jax.jit(partial(_write_back, packed), donate_argnums=() if packed else 0)
        written = write.lower(ring, chosen, pieces, np.int32(0), scalars, faults)
        self._write = compile_program(written)
        self.metrics: Metrics = written.out_info[2]

    def __call__(
        self, seed: Any, state: TrainState, ring: Ring, chosen: jax.Array, stored: jax.Array, faults: Faults
    ) -> tuple[TrainState, Ring, Metrics, Faults]:
        """Runs one update. Arguments and results are those of `scan_updates` and lie on the first device.

        Args:
          seed: not used; the agent's seed is known.
          state: learner state; donated.
          ring: replay ring of this process; donated, if it is not packed.
          chosen: windows of this process, int32 [1, b, 2], or [1, b, 4] of a packed ring.
          stored: number of records in every stream of this process, int32.
          faults: updates that were skipped before.
        """
        whole = self._whole if state is self._seen else None
        if whole is None:
            whole = jax.tree.map(self._everywhere, state)
        windows = jax.tree.map(self._joined, *self._gather(ring, chosen))
        whole, latents, metrics = self._update(self._seed, whole, windows)
        pieces = [jax.tree.map(partial(self._on_first, number), latents) for number in range(len(self._local))]
        seen, scalars = jax.tree.map(partial(self._on_first, 0), (whole, metrics))
        ring, faults, sums = self._write(ring, chosen, pieces, stored, scalars, faults)
        self._whole, self._seen = whole, seen
        return seen, ring, sums, faults

    def _everywhere(self, value: jax.Array) -> jax.Array:
        """Returns an array that every process has, as an array on all devices. The first device keeps its copy."""
        copies = [jax.device_put(value, device) for device in self._local]
        return jax.make_array_from_single_device_arrays(value.shape, NamedSharding(self._mesh, _ALL), copies)

    def _joined(self, *parts: jax.Array) -> jax.Array:
        """Returns the parts of the local devices, in order, as an array that is split over all devices."""
        shape = (len(parts[0]) * self._mesh.size, *parts[0].shape[1:])
        placed = [jax.device_put(part, device) for part, device in zip(parts, self._local, strict=True)]
        return jax.make_array_from_single_device_arrays(shape, NamedSharding(self._mesh, _PARTS), placed)

    def _on_first(self, number: int, value: jax.Array) -> jax.Array:
        """Returns the part of a local device, on the first local one."""
        found = {shard.device: shard.data for shard in value.addressable_shards}
        placed: jax.Array = jax.device_put(found[self._local[number]], self._local[0])
        return placed

    def _shape(self, spec: PartitionSpec, times: int, value: Any) -> jax.ShapeDtypeStruct:
        shape = (value.shape[0] * times, *value.shape[1:]) if times > 1 else value.shape
        return jax.ShapeDtypeStruct(shape, value.dtype, sharding=NamedSharding(self._mesh, spec))


def _like(shape: tuple[int, ...], value: Any) -> jax.ShapeDtypeStruct:
    """Returns the shape of an array of the same type on the first device."""
    return jax.ShapeDtypeStruct(shape, value.dtype)


def _gather(length: int, parts: int, ring: Ring, chosen: jax.Array) -> list[Batch]:
    """Reads windows [b, T + 1, ...] and cuts them into parts, one for each local device."""
    batch = batch_of(replay_ring.gather(ring, chosen[0, :, :2], length + 1))
    rows = chosen.shape[1] // parts
    starts = range(0, chosen.shape[1], rows)
    return [jax.tree.map(partial(jax.lax.slice_in_dim, start_index=at, limit_index=at + rows), batch) for at in starts]


def _write_back(
    packed: bool, ring: Ring, chosen: jax.Array, pieces: list[Latent], stored: Any, metrics: Metrics, faults: Faults
) -> tuple[Ring, Faults, Metrics]:
    """Stores the latents of an update and counts it, as `scan_updates` does."""
    latents: Latent = jax.tree.map(lambda *parts: jnp.concatenate(parts), *pieces)
    known = jnp.where(metrics["opt/skipped"] > 0, 0, stored)
    ring = replay_ring.write_back(ring, chosen[0, :, :2], StoredLatents(latents.deter, latents.stoch), known)
    after = faults.add(metrics["opt/updates"] - 1, chosen[0, :, 2:] if packed else chosen[0], metrics)
    return Ring({}, ring.latents) if packed else ring, after, {**metrics, "count": jnp.ones(())}
