"""The replay ring as the device sees it. `sampler` chooses the windows, on the host; `storage` keeps the ring.

Array [E, R, ...] holds the last R records of E streams; record number p of a stream lies in row p % R. Numbers count
from a stream's first record and never wrap (below 2³¹ per stream). Rows wrap, at any place in a window.

A record is an observation with its reward and flags, the action chosen on it, and the latent after it: deter in the
compute type and stoch as class indices. Both are lossless, because the networks read nothing more of them
(danijar/dreamerv3 keeps float32 and one-hot vectors on the host: about 2.5 times as many bytes).

All functions are pure and have no seed axis; `vmap` adds one. Donate the ring to them: it takes gigabytes, and without
donation every call copies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ..base.pytree import container
from ..base.spaces import ArraySpace, mask_last

#: Types of the values that every record has besides observations, actions and latents.
FLAGS = {"reward": jnp.float32, "is_first": jnp.bool_, "is_last": jnp.bool_, "is_terminal": jnp.bool_}


@container
class StoredLatents:
    """Latent states as the ring stores them.

    Attributes:
      deter: recurrent state, [..., D], of the compute type.
      stoch: class of every latent variable, [..., S], an integer.
    """

    deter: jax.Array
    stoch: jax.Array


@container
class Ring:
    """The records and latents of all streams.

    Attributes:
      records: observations, actions, ``reward`` and flags by key, [E, R, ...].
      latents: the latents after each observation, [E, R, ...].
    """

    records: dict[str, jax.Array]
    latents: StoredLatents

    @property
    def rows(self) -> int:
        """R, records kept of each stream."""
        return self.latents.deter.shape[-2]


@container
class Windows:
    """Windows of one or more updates.

    Attributes:
      records: observations, actions, ``reward`` and flags by key, [..., T + 1, ...]; step 0 is context. ``is_first``
        is set at step 0, and ``is_last`` before every ``is_first``, also where an episode was cut off.
      context: the latents stored with step 0, [..., D] and [..., S].
    """

    records: dict[str, jax.Array]
    context: StoredLatents


def create_ring(
    obs_space: Mapping[str, ArraySpace],
    act_space: Mapping[str, ArraySpace],
    *,
    envs: int,
    rows: int,
    deter: int,
    stoch: int,
    classes: int,
    dtype: Any,
) -> Ring:
    """Creates an empty ring.

    Args:
      obs_space: observations, without reward and flags.
      act_space: actions.
      envs: E, streams.
      rows: R, records kept of each; `sampler.rows_per_stream` computes them from a capacity.
      deter: D; stoch: S; classes: C.
      dtype: compute type, in which deter is stored.

    Raises:
      ValueError: two values of a record have the same key.
    """
    if both := (obs_space.keys() & act_space.keys()) | ((obs_space.keys() | act_space.keys()) & FLAGS.keys()):
        raise ValueError(f"`{min(both)}` names two values of a record; rename one in the environment")
    spaces = {**obs_space, **act_space}
    records = {key: jnp.zeros((envs, rows, *space.shape), space.dtype) for key, space in spaces.items()}
    flags = {key: jnp.zeros((envs, rows), kind) for key, kind in FLAGS.items()}
    index = jnp.uint8 if classes <= 256 else jnp.uint16
    latents = StoredLatents(jnp.zeros((envs, rows, deter), dtype), jnp.zeros((envs, rows, stoch), index))
    return Ring({**records, **flags}, latents)


def insert(
    replay: Ring,
    obs: Mapping[str, Any],
    actions: Mapping[str, Any],
    latents: StoredLatents,
    position: Any,
    stream: Any = 0,
) -> Ring:
    """Stores one record per stream in place of the oldest.

    Args:
      replay: the ring; donate it.
      obs: observations, reward and flags, [E, ...].
      actions: chosen on them, [E, ...]; zero is stored where ``is_last``.
      latents: after the observations, [E, ...].
      position: number of the record, int32 []: the number of records that these streams have stored before.
      stream: first stream written, for one of fewer than E streams.
    """
    obs = {key: jnp.asarray(value) for key, value in obs.items()}
    actions = {key: jnp.asarray(value) for key, value in actions.items()}
    new = Ring({**obs, **mask_last(actions, obs["is_last"])}, latents)
    row = position % replay.rows

    def write(ring: jax.Array, value: jax.Array) -> jax.Array:
        at = (stream, row, *(0,) * (ring.ndim - 2))
        return jax.lax.dynamic_update_slice(ring, value[:, None].astype(ring.dtype), at)

    return jax.tree.map(write, replay, new)


def gather(replay: Ring, indices: jax.Array, window: int) -> Windows:
    """Reads windows.

    Args:
      replay: the ring.
      indices: stream and number of the first record, int32 [..., 2], as the sampler gives them.
      window: records of a window, T + 1; static.

    Returns:
      The windows, leading dimensions as in `indices`.
    """
    stream, start = indices[..., 0], indices[..., 1]
    rows = (start[..., None] + jnp.arange(window)) % replay.rows
    records = {key: ring[stream[..., None], rows] for key, ring in replay.records.items()}
    is_first = records["is_first"].at[..., 0].set(True)
    follows = jnp.zeros_like(is_first).at[..., :-1].set(is_first[..., 1:])
    records |= {"is_first": is_first, "is_last": records["is_last"] | follows}
    context = jax.tree.map(lambda ring: ring[stream, start % replay.rows], replay.latents)
    return Windows(records, context)


def write_back(replay: Ring, indices: jax.Array, latents: StoredLatents, counts: Any) -> Ring:
    """Replaces the stored latents of trained windows by the newer ones that training computed.

    Windows of one batch may overlap. The result equals writing them in order, later over earlier. On a GPU a scatter
    with repeated indices has no defined order, so all writes to a record except the last are dropped first: the scatter
    has unique indices, is deterministic, and is one kernel.

    Args:
      replay: the ring; donate it.
      indices: the windows, int32 [B, 2], as given to `gather`.
      latents: of the T trained steps, [B, T, ...].
      counts: records stored so far, int32 [] or [E]. Records that were overwritten since the windows were drawn stay
        unchanged. The training loop has none: an update writes before the next record is inserted.
    """
    batch, length = latents.deter.shape[:2]
    stream, start = indices[:, 0], indices[:, 1]
    number = start[:, None] + 1 + jnp.arange(length)
    stored = jnp.broadcast_to(jnp.asarray(counts), replay.latents.deter.shape[:1])[stream][:, None]
    keep = (number >= stored - replay.rows) & (number < stored) & ~_written_again(stream, number)
    # Every dropped record gets a separate row beyond the ring, so that indices stay unique.
    beyond = replay.rows + jnp.arange(batch * length).reshape(batch, length)
    row = jnp.where(keep, number % replay.rows, beyond)

    def write(ring: jax.Array, value: jax.Array) -> jax.Array:
        return ring.at[stream[:, None], row].set(value.astype(ring.dtype), mode="drop", unique_indices=True)

    return Ring(replay.records, jax.tree.map(write, replay.latents, latents))


def _written_again(stream: jax.Array, number: jax.Array) -> jax.Array:
    """Returns whether a later window of the batch covers the same record: [B, T] from [B] and [B, T]."""
    first, last = number[:, 0], number[:, -1]
    covers = (first <= number[..., None]) & (number[..., None] <= last)
    order = jnp.arange(len(stream))
    later = (stream[:, None] == stream) & (order[:, None] < order)
    return (covers & later[:, None]).any(-1)
