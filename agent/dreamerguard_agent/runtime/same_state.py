"""A sum over all bits of a learner state: two processes that learned the same have the same."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def state_sum(state: Any) -> int:
    """Returns the sum of the bits of all arrays, as unsigned integers of 32 bits that wrap."""
    return int(jax.device_get(_sum(state)))


@jax.jit
def _sum(state: Any) -> jax.Array:
    total = jnp.uint32(0)
    for number, leaf in enumerate(jax.tree.leaves(state)):
        kind = jnp.dtype(f"uint{8 * leaf.dtype.itemsize}") if leaf.dtype != jnp.bool_ else None
        bits = leaf if kind is None else jax.lax.bitcast_convert_type(leaf, kind)
        total = total + jnp.uint32(2 * number + 1) * bits.astype(jnp.uint32).sum(dtype=jnp.uint32)
    return total
