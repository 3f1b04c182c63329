"""The image networks with less arithmetic and memory, for a CPU. Mirrors `codec.encode_image` and `codec.decode_image`.

*Decoder.* A convolution of an upsampled image reads each small pixel up to 2 x 2 times. The output pixels ``(2 i + p,
2 j + q)`` with equal ``p, q`` are a convolution of the small image, with a kernel that holds sums of weights. All four
kinds together are one convolution with 3 x 3 instead of 5 x 5 weights and four times the channels, at the small size:
9/25 of the arithmetic, and no upsampled image. `by_parity` cuts the kernel.

*Encoder.* For the derivative of pooling, the forward pass keeps which pixels are the maximum, in one byte per window,
instead of the sums before pooling, which are the largest arrays of an update. The sums themselves are computed exactly
as in the readable code: rounded otherwise, another of two nearly equal pixels could be the maximum and get the
gradient. Bytes have few channels, so the derivative of the first layer by its kernel reads 2 x 2 pixels as one with
four times the channels and multiplies patches as rows of a matrix.

*Chunks.* All layers are computed for `CHUNK` images at a time: their arrays stay in the cache, and the sums before
pooling exist for one chunk only. XLA's derivative by the kernel took 2.4 times as long per image for 128 images at once
as for 64, with 32 x 32 pixels and 32 to 48 channels.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from ..base.pytree import Params
from ..model import codec, nets

#: Images that pass through all layers at once.
CHUNK = 64


def encode_image(params: Params, image: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Takes the arguments and returns the result of `codec.encode_image`. Images receive no gradient."""
    first, *others = codec.layers(params, "enc/cnn")
    weights = params[f"{first}/kernel"].astype(dtype), params[f"{first}/bias"].astype(dtype)

    def network(image: jax.Array) -> jax.Array:
        x = nets.norm_silu(params, f"{first}norm", _first_layer(*weights, image))
        for path in others:
            x = nets.norm_silu(params, f"{path}norm", max_pool(windows(nets.conv(params, path, x))))
        return x.reshape(len(x), -1)

    return in_chunks(network, image)


def decode_image(params: Params, deter: jax.Array, stoch: jax.Array, height: int, width: int) -> jax.Array:
    """Takes the arguments and returns the result of `codec.decode_image`."""
    layers = list(reversed(codec.layers(params, "dec/conv")))
    kernels = {path: _small_kernel(params[f"{path}/kernel"]) for path in (*layers, "dec/imgout")}

    def sums(path: str, x: jax.Array) -> jax.Array:
        y = nets.convolve(kernels[path], x)
        return y.reshape(*y.shape[:-1], 2, 2, -1) + params[f"{path}/bias"].astype(x.dtype)

    def network(x: jax.Array) -> jax.Array:
        for path in layers:
            x = _pixels(nets.norm_silu(params, f"{path}norm", sums(path, x)))
        return _pixels(jax.nn.sigmoid(sums("dec/imgout", x)))

    return in_chunks(network, codec.first_pixels(params, deter, stoch, height, width))


def in_chunks(network: Callable[[jax.Array], jax.Array], rows: jax.Array) -> jax.Array:
    """Applies ``network`` to at most `CHUNK` rows at a time and joins the results."""
    count = -(-len(rows) // CHUNK)
    if count == 1:
        return network(rows)
    size = -(-len(rows) // count)
    padded = jnp.pad(rows, ((0, count * size - len(rows)), *((0, 0),) * (rows.ndim - 1)))
    made = jax.lax.map(network, padded.reshape(count, size, *rows.shape[1:]))
    return made.reshape(-1, *made.shape[2:])[: len(rows)]


def by_parity(kernel: jax.Array) -> jax.Array:
    """Cuts a kernel [k, k, i, o] by the parities of the pixels: [d, 2, d, 2, i, 2, 2, o].

    For one direction, the output pixel ``2 y + p`` reads the input pixel ``2 (y + a - d // 2) + s`` with the weight at
    [a, s, ..., p, ...]; weights outside the kernel are 0. ``d`` is 3 for a kernel of 3 or 5.
    """
    size = kernel.shape[0]
    reach = (size // 2 + 1) // 2
    rows = []
    for parity in range(2):
        before = 2 * reach - (size - 1) // 2 + parity
        behind = 2 * (2 * reach + 1) - size - before
        rows.append((before, behind))
    cut = [[jnp.pad(kernel, (down, right, (0, 0), (0, 0))) for right in rows] for down in rows]
    stacked = jnp.stack([jnp.stack(row, 3) for row in cut], 3)
    return stacked.reshape(2 * reach + 1, 2, 2 * reach + 1, 2, *stacked.shape[2:])


@jax.custom_vjp
def max_pool(x: jax.Array) -> jax.Array:
    """Takes the maximum of windows [n, height, width, 2, 2, c] like `nets.max_pool`: equals share the gradient."""
    return _largest(_corners(x))


def _max_pool_forward(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    corners = _corners(x)
    largest = _largest(corners)
    bits = [(corner == largest).astype(jnp.uint8) << shift for shift, corner in enumerate(corners)]
    return largest, bits[0] | bits[1] | bits[2] | bits[3]


def _max_pool_backward(bits: jax.Array, bar: jax.Array) -> tuple[jax.Array]:
    share = (bar / jax.lax.population_count(bits).astype(bar.dtype))[..., None, None, :]
    shifts = jnp.arange(4, dtype=jnp.uint8).reshape(2, 2, 1)
    return (jnp.where(bits[..., None, None, :] >> shifts & 1, share, jnp.zeros_like(share)),)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


@jax.custom_vjp
def _first_layer(kernel: jax.Array, bias: jax.Array, image: jax.Array) -> jax.Array:
    """The pooled first layer: bytes [n, height, width, c] to [n, height / 2, width / 2, o]."""
    return max_pool(_first_windows(kernel, bias, image))


def _first_layer_forward(
    kernel: jax.Array, bias: jax.Array, image: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array, jax.Array]]:
    pooled, bits = _max_pool_forward(_first_windows(kernel, bias, image))
    return pooled, (kernel, image, bits)


def _first_layer_backward(
    saved: tuple[jax.Array, jax.Array, jax.Array], bar: jax.Array
) -> tuple[jax.Array, jax.Array, None]:
    kernel, image, bits = saved
    (bar_windows,) = _max_pool_backward(bits, bar)
    blocks, pull = jax.vjp(_blocks_kernel, kernel)
    patches = _patches(_scaled(image, kernel.dtype), len(blocks))
    bar_blocks = patches.T @ bar_windows.reshape(len(patches), -1)
    return *pull(bar_blocks.reshape(blocks.shape)), bar.sum((0, 1, 2)), None


_first_layer.defvjp(_first_layer_forward, _first_layer_backward)


def _first_windows(kernel: jax.Array, bias: jax.Array, image: jax.Array) -> jax.Array:
    return windows(nets.convolve(kernel, _scaled(image, kernel.dtype)) + bias)


def _scaled(image: jax.Array, dtype: jnp.dtype) -> jax.Array:
    return image.astype(dtype) / 255 - 0.5


def _patches(x: jax.Array, span: int) -> jax.Array:
    """The inputs of every 2 x 2 output pixels: x [n, 2 h, 2 w, c] to [n h w, span span 4 c]."""
    number, height, width, channels = x.shape
    x = windows(x).reshape(number, height // 2, width // 2, 4 * channels)
    reach = span // 2
    x = jnp.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    shifted = [x[:, a : a + height // 2, b : b + width // 2] for a in range(span) for b in range(span)]
    return jnp.concatenate(shifted, -1).reshape(-1, span * span * 4 * channels)


def _blocks_kernel(kernel: jax.Array) -> jax.Array:
    """The kernel that reads 2 x 2 pixels as one, [d, d, 2, 2, i, 2, 2, o]."""
    return by_parity(kernel).swapaxes(1, 2)


def _small_kernel(kernel: jax.Array) -> jax.Array:
    """The kernel of the small image, [d, d, i, 4 o]: each small pixel stands for 2 x 2 equal ones."""
    cut = by_parity(kernel).sum((1, 3))
    return cut.reshape(*cut.shape[:3], -1)


def windows(x: jax.Array) -> jax.Array:
    """Cuts an image into the windows of pooling, [n, height, width, c] to [n, height / 2, width / 2, 2, 2, c]."""
    number, height, width, channels = x.shape
    return x.reshape(number, height // 2, 2, width // 2, 2, channels).swapaxes(2, 3)


def _pixels(x: jax.Array) -> jax.Array:
    """The image of windows: the inverse of `windows`."""
    number, height, width, _, _, channels = x.shape
    return x.swapaxes(2, 3).reshape(number, 2 * height, 2 * width, channels)


def _corners(x: jax.Array) -> list[jax.Array]:
    return [x[..., down, right, :] for down in range(2) for right in range(2)]


def _largest(corners: list[jax.Array]) -> jax.Array:
    return jnp.maximum(jnp.maximum(corners[0], corners[1]), jnp.maximum(corners[2], corners[3]))
