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

#: Images with fewer channels are convolved with every 2 x 2 pixels as channels of one pixel.
FEW_CHANNELS = 16


def conv(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Convolves x [n, height, width, inputs] with stride 1; height and width stay."""
    kernel = params[f"{path}/kernel"].astype(x.dtype)
    return convolve(x, kernel, same(kernel)) + params[f"{path}/bias"].astype(x.dtype)


def conv_pooled(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Applies `conv`, then `max_pool`: [n, height, width, inputs] to [n, height / 2, width / 2, outputs].

    A few channels leave the products of a convolution short, which is slow. Then every 2 x 2 pixels become channels of
    one pixel, and so do the 4 outputs that are pooled. Sums are rounded in another order.
    """
    n, height, width, channels = x.shape
    if channels >= FEW_CHANNELS:
        return max_pool(conv(params, path, x))
    kernel, bias = (params[f"{path}/{name}"].astype(x.dtype) for name in ("kernel", "bias"))
    (rows, above), (columns, left) = _places(kernel.shape[0]), _places(kernel.shape[1])
    outputs = kernel.shape[-1]
    spread = jnp.einsum("paxd,qbye,deio->abxyipqo", jnp.asarray(rows, x.dtype), jnp.asarray(columns, x.dtype), kernel)
    spread = spread.reshape(rows.shape[1], columns.shape[1], 4 * channels, 4 * outputs)
    small = x.reshape(n, height // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 2, 4, 5)
    small = small.reshape(n, height // 2, width // 2, 4 * channels)
    y = convolve(small, spread, (_around(rows, above), _around(columns, left)))
    return y.reshape(n, height // 2, width // 2, 4, outputs).max(3) + bias


def conv_upsampled(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Repeats every pixel of x [n, height, width, inputs] 2 x 2, then convolves: in one step.

    A kernel of 5 x 5 meets only 3 x 3 different pixels at each of the 4 places within a repeated pixel. So its weights
    are summed first, and one convolution of the small image computes the 4 places as channels: 9 / 25 of the products.
    Sums are rounded in another order.
    """
    kernel, bias = (params[f"{path}/{name}"].astype(x.dtype) for name in ("kernel", "bias"))
    (rows, above), (columns, left) = _places(kernel.shape[0]), _places(kernel.shape[1])
    inputs, outputs = kernel.shape[2:]
    meets = (jnp.asarray(places.sum(2), x.dtype) for places in (rows, columns))
    summed = jnp.einsum("pad,qbe,deio->abipqo", *meets, kernel)
    summed = summed.reshape(rows.shape[1], columns.shape[1], inputs, 4 * outputs)
    y = convolve(x, summed, (_around(rows, above), _around(columns, left)))
    n, height, width, _ = y.shape
    y = y.reshape(n, height, width, 2, 2, outputs).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(n, 2 * height, 2 * width, outputs) + bias


def max_pool(x: jax.Array) -> jax.Array:
    """Takes the maximum of every 2 x 2 pixels: [n, height, width, c] to half the size. Ties share the gradient."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))


def _places(size: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], int]:
    """Which pixels the weights of a kernel row of ``size`` meet, where two pixels count as one large one.

    Returns:
      1 where weight d of output place p (0 or 1) meets place q of large pixel a, [2, pixels, 2, size], and how many of
      these large pixels lie before that of the output.
    """
    start = -((size - 1) // 2)  # as `SAME` pads
    meets = [[divmod(place + start + weight, 2) for weight in range(size)] for place in range(2)]
    before = -min(pixel for row in meets for pixel, _ in row)
    after = max(pixel for row in meets for pixel, _ in row)
    found = np.zeros((2, before + after + 1, 2, size), np.float32)
    for place, row in enumerate(meets):
        for weight, (pixel, within) in enumerate(row):
            found[place, pixel + before, within, weight] = 1
    return found, before


def _around(places: np.ndarray[tuple[int, ...], np.dtype[np.float32]], before: int) -> tuple[int, int]:
    """The padding for `_places`: large pixels before and after that of the output."""
    return before, places.shape[1] - 1 - before
