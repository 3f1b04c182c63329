"""Matrix products in the compute type, and with ``mixed`` of bfloat16 operands with float32 sums.

Mixed products are for CPUs with instructions for them (AVX512-BF16, AMX): everything else stays float32. XLA has them
in its fast library only in some forms, seen in the programs that jaxlib 0.10.2 compiles:

* operands bfloat16 and result float32. For a bfloat16 result the operands are converted to float32 first.
* the first operand must lie in memory with the summed axis last. The gradient of a kernel, ``xᵀ bar``, sums over the
  first axes, so x is transposed in memory: `transposed`.
* groups (blocks) come first. With another order XLA compiles a product that then raises an error.

JAX's own name for it, ``DotAlgorithmPreset.BF16_BF16_F32``, is accepted on a CPU and computes in float32
(``findings/jax_cpu_dot_algorithm.sh``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: Whether the products that are being traced are mixed.
_MIXED: ContextVar[bool] = ContextVar("mixed", default=False)


@contextmanager
def products_of(dtype: str) -> Iterator[None]:
    """Within it, products of float32 arrays are traced as the compute type demands: see `AgentSpec.dtype`."""
    token = _MIXED.set(dtype == "mixed")
    try:
        yield
    finally:
        _MIXED.reset(token)


def with_products_of_spec(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorates a function with `AgentSpec` as first argument: its products are those of the spec's compute type."""

    @functools.wraps(function)
    def traced(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        spec: Any = args[0]
        with products_of(spec.dtype):
            return function(*args, **kwargs)

    return traced


def product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiplies x [n, i] by a kernel [i, o]: [n, o] in the type of x."""
    return _mixed(x[None], kernel[None])[0] if _is_mixed(x) else x @ kernel


def block_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiplies x [K, n, i] by a kernel [K, i, o], block by block: [K, n, o] in the type of x."""
    return _mixed(x, kernel) if _is_mixed(x) else jnp.einsum("kni,kio->kno", x, kernel)


def block_product_back(bar: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiplies bar [K, n, o] by transposed kernels [K, i, o]: [K, n, i]. The derivative of it is not needed."""
    return _back(_narrow(bar), _narrow(kernel)) if _is_mixed(bar) else jnp.einsum("kno,kio->kni", bar, kernel)


def kernel_gradient(x: jax.Array, bar: jax.Array) -> jax.Array:
    """The gradient of a kernel [i, o] from its input x [n, i] and the adjoint bar [n, o] of its output."""
    return _outer(_narrow(x)[None], _narrow(bar)[None])[0] if _is_mixed(x) else x.T @ bar


def grouped_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`block_product` with blocks as the middle axis: x [n, K, i] by a kernel [K, i, o] to [n, K, o]."""
    if not _is_mixed(x):
        return jnp.einsum("nki,kio->nko", x, kernel)
    return jnp.swapaxes(_mixed(jnp.swapaxes(x, 0, 1), kernel), 0, 1)


def operand(x: jax.Array) -> jax.Array:
    """Returns x as an operand of a product: in bfloat16 where products are mixed. The sums must be float32."""
    return _narrow(x) if _is_mixed(x) else x


def transposed(x: jax.Array) -> jax.Array:
    """Swaps the last two axes in memory. XLA is free to leave a transpose to its reader, which is then slow."""
    return in_order(jnp.swapaxes(x, -1, -2))


def in_order(x: jax.Array) -> jax.Array:
    """Makes XLA store x with the last axis dense, the next one after it and so on: a flat array has one order only.

    Products with another order are slow, raise when they run, or end the process while they compile.
    """
    return jax.lax.optimization_barrier(x.reshape(-1)).reshape(x.shape)


def _is_mixed(x: jax.Array) -> bool:
    return _MIXED.get() and x.dtype == jnp.float32


@jax.custom_vjp
def _mixed(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return _dot(_narrow(x), _narrow(kernel), ((2,), (1,)))


def _mixed_forward(x: jax.Array, kernel: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    x, kernel = _narrow(x), _narrow(kernel)
    return _dot(x, kernel, ((2,), (1,))), (x, kernel)


def _mixed_backward(saved: tuple[jax.Array, jax.Array], bar: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = saved
    bar = _narrow(bar)
    return _back(bar, kernel), _outer(x, bar)


_mixed.defvjp(_mixed_forward, _mixed_backward)


def _back(bar: jax.Array, kernel: jax.Array) -> jax.Array:
    return _dot(bar, kernel, ((2,), (2,)))


def _outer(x: jax.Array, bar: jax.Array) -> jax.Array:
    if x.shape[-1] <= bar.shape[-1]:
        return _dot(transposed(x), bar, ((2,), (1,)))
    # The narrower one is transposed in memory, and then the small result.
    return jnp.swapaxes(in_order(_dot(transposed(bar), x, ((2,), (1,)))), -1, -2)


def _dot(a: jax.Array, b: jax.Array, axes: tuple[tuple[int], tuple[int]]) -> jax.Array:
    """Sums products of [K, ...] and [K, ...] over one axis of each, block by block, in float32."""
    return jax.lax.dot_general(a, b, (axes, ((0,), (0,))), preferred_element_type=jnp.float32)


def _narrow(x: jax.Array) -> jax.Array:
    return x.astype(jnp.bfloat16)
