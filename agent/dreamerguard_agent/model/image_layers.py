"""Layers of images, without parameters or with those that `nets.conv_shapes` declares.

Follows ``embodied/jax/nets.py`` and ``dreamerv3/rssm.py`` of danijar/dreamerv3 at e3f0224, where `conv_upsampled` is a
convolution after a repetition of pixels.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ..base.pytree import Params
from .convolution import convolve, same


def conv(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Convolves x [n, height, width, inputs] with stride 1; height and width stay."""
    kernel = params[f"{path}/kernel"].astype(x.dtype)
    return convolve(x, kernel, same(kernel)) + params[f"{path}/bias"].astype(x.dtype)


def conv_upsampled(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Repeats every pixel of x [n, height, width, inputs] 2 x 2, then convolves: in one step.

    A kernel of 5 x 5 meets only 3 x 3 different pixels at each of the 4 places within a repeated pixel. So its weights
    are summed first, and one convolution of the small image computes the 4 places as channels: 9 / 25 of the products.
    Sums are rounded in another order.
    """
    kernel, bias = (params[f"{path}/{name}"].astype(x.dtype) for name in ("kernel", "bias"))
    (rows, above), (columns, left) = _places(kernel.shape[0]), _places(kernel.shape[1])
    inputs, outputs = kernel.shape[2:]
    summed = jnp.einsum("pad,qbe,deio->abipqo", jnp.asarray(rows, x.dtype), jnp.asarray(columns, x.dtype), kernel)
    summed = summed.reshape(rows.shape[1], columns.shape[1], inputs, 4 * outputs)
    padding = ((above, rows.shape[1] - 1 - above), (left, columns.shape[1] - 1 - left))
    y = convolve(x, summed, padding)
    n, height, width, _ = y.shape
    y = y.reshape(n, height, width, 2, 2, outputs).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(n, 2 * height, 2 * width, outputs) + bias


def max_pool(x: jax.Array) -> jax.Array:
    """Takes the maximum of every 2 x 2 pixels: [n, height, width, c] to half the size. Ties share the gradient."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))


def _places(size: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], int]:
    """Which weights of a kernel row of ``size`` meet the same pixel, once every pixel is repeated.

    Returns:
      1 where weight d of output place p (0 or 1) meets small pixel a, [2, pixels, size], and how many of these pixels
      lie before that of the output.
    """
    start = -((size - 1) // 2)  # as `SAME` pads
    meets = [[(place + start + weight) // 2 for weight in range(size)] for place in range(2)]
    before = -min(map(min, meets))
    found = np.zeros((2, before + max(map(max, meets)) + 1, size), np.float32)
    for place, pixels in enumerate(meets):
        for weight, pixel in enumerate(pixels):
            found[place, pixel + before, weight] = 1
    return found, before
