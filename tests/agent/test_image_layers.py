"""A convolution after a repetition of pixels equals the two steps, with its gradients, for kernels of any size."""

import jax
import jax.numpy as jnp
import pytest

from dreamerguard_agent.model import image_layers


def _in_two_steps(params: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    return image_layers.conv(params, "c", x.repeat(2, 1).repeat(2, 2))


def _in_one_step(params: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    return image_layers.conv_upsampled(params, "c", x)


@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 3)])
def test_a_convolution_of_repeated_pixels_equals_two_steps(kernel: tuple[int, int]) -> None:
    keys = jax.random.split(jax.random.key(0), 4)
    x = jax.random.normal(keys[0], (2, 3, 4, 5))
    params = {"c/kernel": jax.random.normal(keys[1], (*kernel, 5, 3)), "c/bias": jax.random.normal(keys[2], (3,))}
    bar = jax.random.normal(keys[3], (2, 6, 8, 3))

    expected, expected_pull = jax.vjp(_in_two_steps, params, x)
    found, found_pull = jax.vjp(_in_one_step, params, x)

    assert jnp.allclose(found, expected, rtol=1e-5, atol=1e-5)
    for one, other in zip(jax.tree.leaves(found_pull(bar)), jax.tree.leaves(expected_pull(bar)), strict=True):
        assert jnp.allclose(one, other, rtol=1e-5, atol=2e-5)
