"""Statistics over the whole batch when each device computes a part of it.

Within `split_over`, functions are traced for one part of a batch, inside of ``jax.shard_map``. Nearly everything is
computed per window, so a part needs nothing of the others; where a number depends on all windows, the code asks for
`whole` values or takes the `mean` over the parts. Outside, both return their argument: one device has the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import accumulate
from typing import TypeVar

import jax
import jax.numpy as jnp

_T = TypeVar("_T")

#: Name of the mesh axis over which the batch is split.
BATCH = "batch"

_SPLIT: ContextVar[bool] = ContextVar("split", default=False)


@contextmanager
def split_over() -> Iterator[None]:
    """Within it, functions are traced for one part of a batch that is split over the mesh axis `BATCH`."""
    token = _SPLIT.set(True)
    try:
        yield
    finally:
        _SPLIT.reset(token)


def whole(values: jax.Array) -> jax.Array:
    """Returns the values [n, ...] of all parts, [N, ...], in the order of the batch. No gradient passes."""
    if not _SPLIT.get():
        return values
    gathered: jax.Array = jax.lax.all_gather(jax.lax.stop_gradient(values), BATCH, axis=0, tiled=True)
    return gathered


def mean(values: _T) -> _T:
    """Returns the mean over all parts, which have the same size, of every array.

    Arrays of one type are averaged as one: between processes, each would cost a round trip of its own.
    """
    if not _SPLIT.get():
        return values
    leaves, tree = jax.tree.flatten(values)
    averaged: dict[int, jax.Array] = {}
    for dtype in dict.fromkeys(leaf.dtype for leaf in leaves):
        chosen = [number for number, leaf in enumerate(leaves) if leaf.dtype == dtype]
        flat = jax.lax.pmean(jnp.concatenate([leaves[number].reshape(-1) for number in chosen]), BATCH)
        ends = list(accumulate(leaves[number].size for number in chosen))
        for number, piece in zip(chosen, jnp.split(flat, ends[:-1]), strict=True):
            averaged[number] = piece.reshape(leaves[number].shape)
    return jax.tree.unflatten(tree, [averaged[number] for number in range(len(leaves))])


def own_part(values: _T) -> _T:
    """Cuts this part's rows out of arrays that hold the rows [N, ...] of the whole batch."""
    if not _SPLIT.get():
        return values
    parts, number = jax.lax.axis_size(BATCH), jax.lax.axis_index(BATCH)

    def cut(value: jax.Array) -> jax.Array:
        rows = len(value) // parts
        piece: jax.Array = jax.lax.dynamic_slice_in_dim(value, number * rows, rows)
        return piece

    found: _T = jax.tree.map(cut, values)
    return found
