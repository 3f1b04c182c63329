"""Joins a dictionary of observations or actions to one vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

from ..base.spaces import ArraySpace, Spaces


def concat(
    spaces: Spaces,
    values: Mapping[str, jax.Array],
    dtype: jnp.dtype,
    squish: Callable[[jax.Array], jax.Array] = lambda x: x,
) -> jax.Array:
    """Joins the values of several keys, in sorted key order.

    Choices become one-hot vectors; ``squish`` is applied to continuous values. A missing value (-1 of a signed
    integer, -inf of a float) becomes zeros, as in ``DictConcat`` of danijar/dreamerv3.

    Args:
      spaces: spaces of the keys to read, sorted.
      values: arrays [..., *shape] with equal leading axes; other keys are ignored.
      dtype: type of the result.
      squish: applied to continuous values before the cast, for example `symlog`.

    Returns:
      [..., sum of the spaces' widths].
    """
    return jnp.concatenate([_flatten(space, values[key], dtype, squish) for key, space in spaces], -1)


def leading(spaces: Spaces, values: Mapping[str, jax.Array]) -> tuple[int, ...]:
    """Returns the axes in front of a value: environments, or batch and time."""
    key, space = spaces[0]
    return values[key].shape[: values[key].ndim - len(space.shape)]


def mask(x: jax.Array, keep: jax.Array) -> jax.Array:
    """Returns x with zeros where ``keep`` (bool, leading axes of x) is false."""
    return jnp.where(keep.reshape(*keep.shape, *(1,) * (x.ndim - keep.ndim)), x, jnp.zeros_like(x))


def _flatten(space: ArraySpace, x: jax.Array, dtype: jnp.dtype, squish: Callable[[jax.Array], jax.Array]) -> jax.Array:
    axes = x.shape[: x.ndim - len(space.shape)]
    known = _known(x).reshape(*axes, -1).all(-1)
    x = mask(x, known)
    y = jax.nn.one_hot(x.astype(jnp.int32), space.classes, dtype=dtype) if space.discrete else squish(x).astype(dtype)
    return mask(y, known).reshape(*axes, -1)


def _known(x: jax.Array) -> jax.Array:
    if jnp.issubdtype(x.dtype, jnp.floating):
        return x != -jnp.inf
    if jnp.issubdtype(x.dtype, jnp.signedinteger):
        return x != -1
    return jnp.ones_like(x, bool)
