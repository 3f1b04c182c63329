"""The gradient of a convolution's kernel by products of shifted images, and pooling with few channels.

Both against the derivative that JAX makes of ``lax.conv_general_dilated``.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import pytest

from dreamerguard_agent.model import convolution, image_layers
from dreamerguard_agent.model.products import products_of

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


@pytest.mark.parametrize("padding", [((2, 2), (2, 2)), ((0, 1), (1, 0)), ((0, 0), (0, 0))])
@pytest.mark.parametrize("pixels", [1, 200, 2048])
@pytest.mark.parametrize(("dtype", "limit"), [("float32", CLOSE), ("mixed", MIXED)])
def test_gradients_equal_those_of_jax(
    monkeypatch: pytest.MonkeyPatch, padding: convolution.Padding, pixels: int, dtype: str, limit: float
) -> None:
    monkeypatch.setattr(convolution, "PIXELS", pixels)
    x, kernel = normal(0, 5, 6, 8, 4), normal(1, 5, 3, 4, 7)
    y, pull = jax.vjp(functools.partial(plain, padding=padding), x, kernel)
    bar = normal(2, *y.shape)
    with products_of(dtype):
        found, pull_found = jax.vjp(functools.partial(convolution.convolve, padding=padding), x, kernel)
        bars = pull_found(bar)
    assert bool((found == y).all())
    assert all(error(one, other) < limit for one, other in zip(bars, pull(bar), strict=True))


def test_mixed_rounds_the_operands_of_the_kernel_gradient() -> None:
    x, kernel = normal(0, 2, 6, 6, 4), normal(1, 3, 3, 4, 7)
    y, pull = jax.vjp(lambda kernel: convolution.convolve(x, kernel, convolution.same(kernel)), kernel)
    bar = normal(2, *y.shape)
    exact = pull(bar)[0]
    with products_of("mixed"):
        mixed = jax.vjp(lambda kernel: convolution.convolve(x, kernel, convolution.same(kernel)), kernel)[1](bar)[0]
    narrow = [value.astype(jnp.bfloat16).astype(jnp.float32) for value in (x, bar)]
    rounded = jax.vjp(lambda kernel: plain(narrow[0], kernel, convolution.same(kernel)), kernel)[1](narrow[1])[0]
    assert error(mixed, rounded) < CLOSE < error(mixed, exact)


def test_agents_at_once_have_the_gradients_of_each_alone() -> None:
    x, kernels = normal(0, 3, 6, 6, 4), normal(1, 2, 3, 3, 4, 7)

    def gradient(kernel: jax.Array) -> jax.Array:
        return jax.grad(lambda kernel: jnp.square(convolution.convolve(x, kernel, ((1, 1), (1, 1)))).sum())(kernel)

    assert error(jax.vmap(gradient)(kernels), jnp.stack([gradient(kernel) for kernel in kernels])) < CLOSE


@pytest.mark.parametrize("channels", [1, 3, image_layers.FEW_CHANNELS])
@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (5, 5), (6, 3)])
def test_pooled_convolutions_equal_two_steps(kernel: tuple[int, int], channels: int) -> None:
    params = {"c/kernel": normal(1, *kernel, channels, 3), "c/bias": normal(2, 3)}
    x, bar = normal(0, 2, 8, 12, channels), normal(3, 2, 4, 6, 3)

    def in_two_steps(params: dict[str, jax.Array], x: jax.Array) -> jax.Array:
        return image_layers.max_pool(image_layers.conv(params, "c", x))

    y, pull = jax.vjp(in_two_steps, params, x)
    found, pull_found = jax.vjp(lambda params, x: image_layers.conv_pooled(params, "c", x), params, x)
    assert error(found, y) < CLOSE
    for one, other in zip(jax.tree.leaves(pull_found(bar)), jax.tree.leaves(pull(bar)), strict=True):
        assert error(one, other) < CLOSE
