"""The gradient of a convolution's kernel by products of shifted images, against the derivative that JAX makes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dreamerguard_agent.model import convolution
from dreamerguard_agent.model.products import products_of

from .parity import quick_jit

#: Largest error relative to the largest number: float32 sums in another order, and bfloat16 operands.
CLOSE, MIXED = 1e-6, 0.01


def normal(seed: int, *shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


def plain(x: jax.Array, kernel: jax.Array, padding: convolution.Padding) -> jax.Array:
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def error(found: jax.Array, expected: jax.Array) -> float:
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    return float(abs(found - expected).max() / abs(expected).max())


def gradients(function: Callable[..., jax.Array], *values: Any, bar: jax.Array) -> tuple[jax.Array, Any]:
    """Returns ``function(*values)`` and the gradients of all values."""

    def both(*values: Any) -> tuple[jax.Array, Any]:
        y, pull = jax.vjp(function, *values)
        return y, pull(bar)

    found: tuple[jax.Array, Any] = quick_jit(both)(*values)
    return found


@pytest.mark.parametrize(
    ("padding", "pixels", "dtype"),
    [
        (((2, 2), (1, 1)), 1, "float32"),
        (((0, 1), (1, 0)), 70, "float32"),
        (((0, 1), (1, 0)), 70, "mixed"),
        (((0, 0), (0, 0)), 2048, "float32"),
    ],
)
def test_gradients_equal_those_of_jax(
    monkeypatch: pytest.MonkeyPatch, padding: convolution.Padding, pixels: int, dtype: str
) -> None:
    monkeypatch.setattr(convolution, "PIXELS", pixels)
    x, kernel = normal(0, 5, 6, 8, 16), normal(1, 5, 3, 16, 7)
    heights = 6 + sum(padding[0]) - 4, 8 + sum(padding[1]) - 2
    bar = normal(2, 5, *heights, 7)
    expected, expected_bars = gradients(functools.partial(plain, padding=padding), x, kernel, bar=bar)
    with products_of(dtype):
        found, bars = gradients(functools.partial(convolution.convolve, padding=padding), x, kernel, bar=bar)
    assert error(found, expected) < CLOSE
    limit = MIXED if dtype == "mixed" else CLOSE
    assert all(error(one, other) < limit for one, other in zip(bars, expected_bars, strict=True))


def test_mixed_rounds_the_operands_of_the_kernel_gradient() -> None:
    x, kernel, bar = normal(0, 2, 6, 6, 16), normal(1, 3, 3, 16, 7), normal(2, 2, 6, 6, 7)
    padding = convolution.same(kernel)
    exact = gradients(lambda kernel: plain(x, kernel, padding), kernel, bar=bar)[1][0]
    with products_of("mixed"):
        mixed = gradients(lambda kernel: convolution.convolve(x, kernel, padding), kernel, bar=bar)[1][0]
    narrow_x, narrow_bar = (value.astype(jnp.bfloat16).astype(jnp.float32) for value in (x, bar))
    rounded = gradients(lambda kernel: plain(narrow_x, kernel, padding), kernel, bar=narrow_bar)[1][0]
    assert error(mixed, rounded) < CLOSE < error(mixed, exact)


def test_agents_at_once_have_the_gradients_of_each_alone() -> None:
    x, kernels = normal(0, 3, 6, 6, 16), normal(1, 2, 3, 3, 16, 7)

    def gradient(kernel: jax.Array) -> jax.Array:
        return jax.grad(lambda kernel: jnp.square(convolution.convolve(x, kernel, ((1, 1), (1, 1)))).sum())(kernel)

    alone = jnp.stack([quick_jit(gradient)(kernel) for kernel in kernels])
    assert error(quick_jit(jax.vmap(gradient))(kernels), alone) < CLOSE
