"""Layers: how their parameters are declared, drawn and applied.

A layer is a pair of functions. ``linear_shapes("dyn/prior0", 512, 64)`` declares the parameters at a path, and
``linear(params, "dyn/prior0", x)`` applies them. The compute type is that of ``x``: kernels are cast to it where they
are used, norms compute in float32, as in the reference (``embodied/jax/nets.py`` of danijar/dreamerv3 at e3f0224).
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from .pytree import Params

#: Added to the mean square inside the root of `rms_norm`.
NORM_EPS = 1e-4
#: Makes the deviation of a normal cut at two deviations 1 again: 1 / 0.8796.
_CUT_SCALE = 1.1368


@dataclass(frozen=True, slots=True)
class Shape:
    """One declared parameter.

    Attributes:
      shape: shape of the array.
      kind: ``kernel`` is drawn, ``bias`` is 0, ``scale`` is 1.
      outscale: factor on the drawn numbers, 0 for a layer that begins silent.
    """

    shape: tuple[int, ...]
    kind: str
    outscale: float = 1.0


#: Path to declared parameter.
Shapes = dict[str, Shape]


def linear_shapes(path: str, inputs: int, outputs: int, outscale: float = 1.0) -> Shapes:
    """Declares a linear layer: kernel [inputs, outputs] and bias [outputs]."""
    return _kernel(path, (inputs, outputs), outputs, outscale)


def block_linear_shapes(path: str, inputs: int, outputs: int, blocks: int) -> Shapes:
    """Declares a block-diagonal layer: kernel [blocks, inputs / blocks, outputs / blocks] and bias [outputs]."""
    if inputs % blocks or outputs % blocks:
        raise ValueError(f"{path}: {inputs} inputs and {outputs} outputs do not divide into {blocks} blocks")
    return _kernel(path, (blocks, inputs // blocks, outputs // blocks), outputs, 1.0)


def conv_shapes(path: str, inputs: int, outputs: int, kernel: int) -> Shapes:
    """Declares a convolution: kernel [kernel, kernel, inputs, outputs] and bias [outputs]."""
    return _kernel(path, (kernel, kernel, inputs, outputs), outputs, 1.0)


def norm_shapes(path: str, units: int) -> Shapes:
    """Declares a norm: scale [units]."""
    return {f"{path}/scale": Shape((units,), "scale")}


def mlp_shapes(path: str, inputs: int, units: int, layers: int) -> Shapes:
    """Declares the hidden layers of `mlp`: ``linear0``, ``norm0``, ``linear1``, ..."""
    shapes: Shapes = {}
    for index in range(layers):
        shapes |= linear_shapes(f"{path}/linear{index}", units if index else inputs, units)
        shapes |= norm_shapes(f"{path}/norm{index}", units)
    return shapes


def init(shapes: Shapes, key: jax.Array) -> Params:
    """Draws every declared parameter in float32. The key is consumed.

    Kernels are normal, cut at two deviations, with deviation ``outscale sqrt(1 / fan_in)``. For a block-linear kernel
    fan_in is the whole input, all blocks together. A path's numbers do not depend on which other paths exist.
    """
    return {path: _draw(shape, jax.random.fold_in(key, zlib.crc32(path.encode()))) for path, shape in shapes.items()}


def linear(params: Params, path: str, x: jax.Array, units: tuple[int, ...] | None = None) -> jax.Array:
    """x [..., inputs] to [..., outputs], or to [..., *units] where an output has a shape of its own."""
    y = x @ params[f"{path}/kernel"].astype(x.dtype) + params[f"{path}/bias"].astype(x.dtype)
    return y if units is None else y.reshape(*y.shape[:-1], *units)


def block_linear(params: Params, path: str, x: jax.Array) -> jax.Array:
    """x [..., inputs] to [..., outputs], where each block of outputs sees its own block of inputs only."""
    kernel = params[f"{path}/kernel"].astype(x.dtype)
    blocks, inputs, outputs = kernel.shape
    y = jnp.einsum("...ki,kio->...ko", x.reshape(*x.shape[:-1], blocks, inputs), kernel)
    return y.reshape(*x.shape[:-1], blocks * outputs) + params[f"{path}/bias"].astype(x.dtype)


def conv(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Convolution of x [n, height, width, inputs] with stride 1, to the same height and width."""
    kernel = params[f"{path}/kernel"].astype(x.dtype)
    y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y + params[f"{path}/bias"].astype(x.dtype)


def rms_norm(params: Params, path: str, x: jax.Array) -> jax.Array:
    """``x / sqrt(mean(x²) + 1e-4) scale`` over the last axis, computed in float32."""
    wide = x.astype(jnp.float32)
    mean_square = jnp.square(wide).mean(-1, keepdims=True)
    return (wide * (jax.lax.rsqrt(mean_square + NORM_EPS) * params[f"{path}/scale"])).astype(x.dtype)


def norm_silu(params: Params, path: str, x: jax.Array) -> jax.Array:
    """`rms_norm`, then SiLU: what follows every hidden layer."""
    return jax.nn.silu(rms_norm(params, path, x))


def mlp(params: Params, path: str, x: jax.Array) -> jax.Array:
    """All declared hidden layers of a path: x [..., inputs] to [..., units]."""
    index = 0
    while f"{path}/linear{index}/kernel" in params:
        x = norm_silu(params, f"{path}/norm{index}", linear(params, f"{path}/linear{index}", x))
        index += 1
    return x


def max_pool(x: jax.Array) -> jax.Array:
    """Largest of every 2 x 2 pixels: [n, height, width, c] to half the size. Ties share the gradient equally."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))


def upsample(x: jax.Array) -> jax.Array:
    """Repeats every pixel 2 x 2: [n, height, width, c] to twice the size."""
    return x.repeat(2, -2).repeat(2, -3)


def symlog(x: jax.Array) -> jax.Array:
    """``sign(x) log(1 + |x|)``, which compresses large values of either sign."""
    return jnp.sign(x) * jnp.log1p(jnp.abs(x))


def symexp(x: jax.Array) -> jax.Array:
    """``sign(x) (exp(|x|) - 1)``, the inverse of `symlog`."""
    return jnp.sign(x) * jnp.expm1(jnp.abs(x))


def _kernel(path: str, shape: tuple[int, ...], outputs: int, outscale: float) -> Shapes:
    return {f"{path}/kernel": Shape(shape, "kernel", outscale), f"{path}/bias": Shape((outputs,), "bias")}


def _draw(shape: Shape, key: jax.Array) -> jax.Array:
    if shape.kind == "scale":
        return jnp.ones(shape.shape, jnp.float32)
    if shape.kind == "bias":
        return jnp.zeros(shape.shape, jnp.float32)
    deviation = _CUT_SCALE * math.sqrt(1 / math.prod(shape.shape[:-1]))
    return jax.random.truncated_normal(key, -2, 2, shape.shape, jnp.float32) * deviation * shape.outscale
