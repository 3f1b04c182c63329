"""Convolutions with stride 1. On a CPU, the gradient of a kernel is a sum of matrix products.

The derivative that JAX makes is a convolution whose kernel is as large as the image. On a CPU, products of
shifted images are faster (`benchmarks.update --observations pixels` times whole updates). On a GPU it stays as it is.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from .products import in_order, operand, transposed

#: Zeros before and after the image, by axis (height, width).
Padding = tuple[tuple[int, int], tuple[int, int]]
#: Pixels whose products are added up at once: these and their images stay in the cache of a core.
PIXELS = 2048
#: With fewer inputs, products are too narrow to be faster.
FEW_INPUTS = 16


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: jax.Array, kernel: jax.Array, padding: Padding) -> jax.Array:
    """Convolves x [n, height, width, inputs] by a kernel [rows, columns, inputs, outputs] of the same type."""
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def same(kernel: jax.Array) -> Padding:
    """The padding with which the image keeps its height and width, that of ``SAME``."""
    rows, columns = kernel.shape[:2]
    return ((rows - 1) // 2, rows // 2), ((columns - 1) // 2, columns // 2)


def _forward(x: jax.Array, kernel: jax.Array, padding: Padding) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve(x, kernel, padding), (x, kernel)


def _backward(padding: Padding, saved: tuple[jax.Array, jax.Array], bar: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = saved
    (bar_x,) = jax.linear_transpose(lambda x: convolve.fun(x, kernel, padding), x)(bar)
    by_convolution = functools.partial(_transposed_convolution, kernel=kernel, padding=padding)
    if x.shape[-1] < FEW_INPUTS:
        return bar_x, by_convolution(x, bar)
    by_products = functools.partial(_kernel_gradient, padding=padding)
    return bar_x, jax.lax.platform_dependent(x, bar, cpu=by_products, default=by_convolution)


convolve.defvjp(_forward, _backward)


def _transposed_convolution(x: jax.Array, bar: jax.Array, kernel: jax.Array, padding: Padding) -> jax.Array:
    (found,) = jax.linear_transpose(lambda kernel: convolve.fun(x, kernel, padding), kernel)(bar)
    return found


def _kernel_gradient(x: jax.Array, bar: jax.Array, padding: Padding) -> jax.Array:
    """Computes the gradient of the kernel, a few images at a time: one product per pixel of the kernel."""
    height, width, outputs = bar.shape[1:]
    rows, columns = (x.shape[1 + axis] + sum(padding[axis]) + 1 - bar.shape[1 + axis] for axis in range(2))
    inputs = x.shape[-1]

    def add(total: jax.Array, images: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        image, adjoint = map(operand, images)
        padded = in_order(jnp.pad(image, ((0, 0), *padding, (0, 0))))
        adjoint = transposed(adjoint.reshape(-1, outputs))
        shifted = (padded[:, row : row + height, column : column + width] for row, column in _pairs(rows, columns))
        shares = [
            jax.lax.dot(adjoint, seen.reshape(-1, inputs), preferred_element_type=jnp.float32) for seen in shifted
        ]
        return total + jnp.stack(shares), None

    start = jnp.zeros((rows * columns, outputs, inputs), jnp.float32)
    total, _ = jax.lax.scan(add, start, tuple(_chunks(array, height * width) for array in (x, bar)))
    return jnp.swapaxes(total.reshape(rows, columns, outputs, inputs), 2, 3).astype(x.dtype)


def _pairs(rows: int, columns: int) -> list[tuple[int, int]]:
    return [(row, column) for row in range(rows) for column in range(columns)]


def _chunks(images: jax.Array, pixels: int) -> jax.Array:
    """Divides images [n, ...] of ``pixels`` each into [chunks, images, ...]; images of zeros fill the last chunk."""
    size = max(1, min(images.shape[0], PIXELS // pixels))
    missing = -images.shape[0] % size
    if missing:
        images = jnp.pad(images, ((0, missing), *((0, 0) for _ in images.shape[1:])))
    return images.reshape(-1, size, *images.shape[1:])
