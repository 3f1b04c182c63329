"""Layers: declares, draws and applies their parameters.

A layer is a pair of functions. ``linear_shapes("dyn/prior0", 512, 64)`` declares the parameters at a path, and
``linear(params, "dyn/prior0", x)`` applies them. The compute type is the type of ``x``: kernels are cast to it
where they are used. Norms compute in float32, as in the reference
(``embodied/jax/nets.py`` of danijar/dreamerv3 at e3f0224).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base.pytree import Params
from .products import grouped_product, kernel_gradient, product

#: Added to the mean square inside the root of `rms_norm`.
NORM_EPS = 1e-4
#: Restores deviation 1 of a normal cut at two deviations: 1 / 0.8796.
_CUT_SCALE = 1.1368


@dataclass(frozen=True, slots=True)
class Shape:
    """One declared parameter.

    Attributes:
      shape: shape of the array.
      kind: ``kernel`` is drawn, ``bias`` is 0, ``scale`` is 1.
      outscale: factor on the drawn numbers; 0 for a layer with zero output at the start.
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
    fan_in is the whole input, all blocks together.
    """
    sizes = [math.prod(shape.shape) if shape.kind == "kernel" else 0 for shape in shapes.values()]
    # One draw for all kernels: with one draw per kernel XLA compiles for half a minute.
    drawn = jax.random.truncated_normal(key, -2, 2, (sum(sizes),), jnp.float32)
    ends = list(itertools.accumulate(sizes))
    return {
        path: _fill(shape, drawn[end - size : end])
        for (path, shape), size, end in zip(shapes.items(), sizes, ends, strict=True)
    }


def linear(params: Params, path: str, x: jax.Array, units: tuple[int, ...] | None = None) -> jax.Array:
    """Maps x [..., inputs] to [..., outputs], or to [..., *units] where ``units`` is given."""
    kernel, bias = (params[f"{path}/{name}"].astype(x.dtype) for name in ("kernel", "bias"))
    # As rows: a CPU takes twice as long to sum the kernel's gradient over two axes.
    y = product(x.reshape(-1, x.shape[-1]), kernel) + bias
    return y.reshape(*x.shape[:-1], *(y.shape[-1:] if units is None else units))


@jax.custom_vjp
def known_linear(kernel: jax.Array, bias: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """Returns ``y`` [n, outputs], which must equal ``x kernel + bias``. Kernel and bias receive gradients, x none."""
    return y


def _known_linear_backward(x: jax.Array, bar: jax.Array) -> tuple[jax.Array, jax.Array, None, None]:
    return kernel_gradient(x, bar), bar.sum(0), None, None


known_linear.defvjp(lambda kernel, bias, x, y: (y, x), _known_linear_backward)


def block_linear(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Maps x [..., inputs] to [..., outputs]; each block of outputs reads only its block of inputs."""
    kernel = params[f"{path}/kernel"].astype(x.dtype)
    blocks, inputs, outputs = kernel.shape
    y = grouped_product(x.reshape(-1, blocks, inputs), kernel)
    return y.reshape(*x.shape[:-1], blocks * outputs) + params[f"{path}/bias"].astype(x.dtype)


def rms_norm(params: Params, path: str, x: jax.Array) -> jax.Array:
    """``x / sqrt(mean(x²) + 1e-4) scale`` over the last axis, computed in float32."""
    wide = x.astype(jnp.float32)
    return (wide * _root(wide) * params[f"{path}/scale"]).astype(x.dtype)


def norm_silu(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Applies `rms_norm`, then SiLU, as after every hidden layer."""
    return scaled_norm_silu(x, params[f"{path}/scale"])


@jax.custom_vjp
def scaled_norm_silu(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Computes `norm_silu` of x [..., n] with scale [n]. The derivative is written out, so only x is saved for it."""
    wide = x.astype(jnp.float32)
    # In this order XLA makes one GPU kernel; with `_root(wide) * scale` first it makes two.
    return jax.nn.silu((wide * _root(wide) * scale).astype(x.dtype))


def norm_silu_factors(x: jax.Array, scale: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Factors of `pull_norm_silu`: ``gain = silu'(y) scale / rms`` and ``q = x / (rms √n)``, float32 [..., n]."""
    wide = x.astype(jnp.float32)
    root = _root(wide)
    return _silu_slope(wide * root * scale) * root * scale, wide * root * (x.shape[-1] ** -0.5)


def pull_norm_silu(factors: tuple[jax.Array, jax.Array], bar: jax.Array) -> jax.Array:
    """The transposed derivative of `scaled_norm_silu` by x: ``u - q Σ q u`` with ``u = gain bar``, float32."""
    gain, q = factors
    u = gain * bar
    return u - q * (q * u).sum(-1, keepdims=True)


def _norm_silu_forward(x: jax.Array, scale: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return scaled_norm_silu(x, scale), (x, scale)


def _norm_silu_backward(saved: tuple[jax.Array, jax.Array], bar: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, scale = saved
    wide = x.astype(jnp.float32)
    root = _root(wide)
    unit = wide * root
    # Read twice below, and costly: without the barrier a CPU computes it twice.
    bar = jax.lax.optimization_barrier(bar.astype(jnp.float32) * _silu_slope(unit * scale))
    u = bar * scale
    bar_x = root * (u - unit * (u * unit).mean(-1, keepdims=True))
    return bar_x.astype(x.dtype), (bar * unit).sum(range(x.ndim - scale.ndim))


scaled_norm_silu.defvjp(_norm_silu_forward, _norm_silu_backward)


def _root(x: jax.Array) -> jax.Array:
    return jax.lax.rsqrt(jnp.square(x).mean(-1, keepdims=True) + NORM_EPS)


def _silu_slope(y: jax.Array) -> jax.Array:
    gate = jax.nn.sigmoid(y)
    return gate * (1 + y * (1 - gate))


def mlp(params: Params, path: str, x: jax.Array) -> jax.Array:
    """Applies all declared hidden layers of a path: x [..., inputs] to [..., units]."""
    return mlp_from(params, path, linear(params, f"{path}/linear0", x))


def mlp_from(params: Params, path: str, sums: jax.Array) -> jax.Array:
    """Computes `mlp` from the output of its first linear layer, [..., units]."""
    index, leading, x = 1, sums.shape[:-1], sums.reshape(-1, sums.shape[-1])
    x = norm_silu(params, f"{path}/norm0", x)
    while f"{path}/linear{index}/kernel" in params:
        x = norm_silu(params, f"{path}/norm{index}", linear(params, f"{path}/linear{index}", x))
        index += 1
    return x.reshape(*leading, -1)


def symlog(x: jax.Array) -> jax.Array:
    """``sign(x) log(1 + |x|)``, which compresses large values of either sign."""
    return jnp.sign(x) * jnp.log1p(jnp.abs(x))


def symexp(x: jax.Array) -> jax.Array:
    """``sign(x) (exp(|x|) - 1)``, the inverse of `symlog`."""
    return jnp.sign(x) * jnp.expm1(jnp.abs(x))


def _kernel(path: str, shape: tuple[int, ...], outputs: int, outscale: float) -> Shapes:
    return {f"{path}/kernel": Shape(shape, "kernel", outscale), f"{path}/bias": Shape((outputs,), "bias")}


def _fill(shape: Shape, drawn: jax.Array) -> jax.Array:
    if shape.kind == "scale":
        return jnp.ones(shape.shape, jnp.float32)
    if shape.kind == "bias":
        return jnp.zeros(shape.shape, jnp.float32)
    deviation = _CUT_SCALE * math.sqrt(1 / math.prod(shape.shape[:-1]))
    return drawn.reshape(shape.shape) * deviation * shape.outscale
