"""Statistics over the whole batch when each device computes a part of it.

Within `split_over`, functions are traced for one part of a batch, inside of ``jax.shard_map``. Nearly everything is
computed per window, so a part needs nothing of the others; where a number depends on all windows, the code asks for
`whole` values or takes the `mean` over the parts. Outside, both return their argument: one device has the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import jax

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
    """Returns the mean over all parts, which have the same size, of every array."""
    if not _SPLIT.get():
        return values
    averaged: _T = jax.lax.pmean(values, BATCH)
    return averaged


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
