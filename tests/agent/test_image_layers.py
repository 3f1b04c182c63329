"""A convolution after a repetition of pixels equals the two steps, with its gradients, for kernels of any size."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from dreamerguard_agent.model import image_layers

from .parity import quick_jit


def _in_two_steps(params: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    return image_layers.conv(params, "c", x.repeat(2, 1).repeat(2, 2))


def _with_gradients(function: Callable[..., jax.Array], params: Any, x: jax.Array, bar: jax.Array) -> Any:
    """Returns what a layer gives, and its gradients."""
    y, pull = jax.vjp(function, params, x)
    return y, pull(bar)


def _in_one_step(params: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    return image_layers.conv_upsampled(params, "c", x)


@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 3)])
def test_a_convolution_of_repeated_pixels_equals_two_steps(kernel: tuple[int, int]) -> None:
    keys = jax.random.split(jax.random.key(0), 4)
    x = jax.random.normal(keys[0], (2, 3, 4, 5))
    params = {"c/kernel": jax.random.normal(keys[1], (*kernel, 5, 3)), "c/bias": jax.random.normal(keys[2], (3,))}
    bar = jax.random.normal(keys[3], (2, 6, 8, 3))

    expected, expected_gradients = quick_jit(partial(_with_gradients, _in_two_steps))(params, x, bar)
    found, found_gradients = quick_jit(partial(_with_gradients, _in_one_step))(params, x, bar)

    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)
    for one, other in zip(jax.tree.leaves(found_gradients), jax.tree.leaves(expected_gradients), strict=True):
        assert np.allclose(one, other, rtol=1e-5, atol=2e-5)
