"""Converts between orders of axes: the caller's [B, T, ...] and those of loops and products."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from ..base.spec import AgentSpec


def at(tree: Any, index: jax.Array, axis: int = 0) -> Any:
    """Takes entry ``index`` of an axis, of every array."""
    return jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(x, index, axis, keepdims=False), tree)


def over_blocks(x: jax.Array) -> jax.Array:
    """Sums [K, n, h] over K. With additions, which XLA fuses with the next operation; a reduction it does not."""
    return functools.reduce(jnp.add, x)


def prepend(first: jax.Array, others: jax.Array) -> jax.Array:
    """Puts one step in front of others."""
    return jnp.concatenate([first[None].astype(others.dtype), others])


def time_major(x: jax.Array) -> jax.Array:
    """[B, T, ...] to [T, B, ...], and back."""
    return jnp.swapaxes(x, 0, 1)


def rows_of(x: jax.Array) -> jax.Array:
    """Steps [T, B, ...] to rows [T B, ...]."""
    return x.reshape(-1, *x.shape[2:])


def block_rows(x: jax.Array) -> jax.Array:
    """Steps [T, K, B, i] to rows [K, T B, i]."""
    return jnp.swapaxes(x, 0, 1).reshape(x.shape[1], -1, x.shape[-1])


def steps_of(tree: Any, rows: int) -> Any:
    """Rows [T B, ...] to steps [T, B, ...]."""
    return jax.tree.map(lambda x: x.reshape(-1, rows, *x.shape[1:]), tree)


def latents(spec: AgentSpec, x: jax.Array) -> jax.Array:
    """[..., S C] to [..., S, C]."""
    return x.reshape(*x.shape[:-1], spec.model.stoch, spec.model.classes)


def flat(x: jax.Array) -> jax.Array:
    """[..., S, C] to [..., S C]."""
    return x.reshape(*x.shape[:-2], -1)


def masked(x: jax.Array, keep: jax.Array) -> jax.Array:
    """Returns x with 0 where ``keep`` is false, that is where an episode begins."""
    return jnp.where(keep, x, 0)
