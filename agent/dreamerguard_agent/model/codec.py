"""Encoder (``enc``) and decoder (``dec``): observations to tokens, latent states to reconstructions.

Vectors pass symlog and an MLP. Images pass convolutions with 2 x 2 max pooling; the decoder mirrors these layers.
Follows ``dreamerv3/rssm.py`` of danijar/dreamerv3 at e3f0224.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from ..base.pytree import Params
from ..base.spaces import Spaces
from ..base.spec import AgentSpec
from . import heads, image_layers, inputs, nets
from .dists import Mse, Prediction
from .nets import Shapes


def shapes(spec: AgentSpec) -> Shapes:
    """Declares ``enc`` and ``dec``."""
    declared: Shapes = {}
    if spec.vectors:
        declared |= _vector_encoder_shapes(spec)
    if spec.images:
        declared |= _image_encoder_shapes(spec)
    if spec.decoded_vectors:
        model, width = spec.model, spec.feature_width
        declared |= nets.mlp_shapes("dec/mlp", width, model.units, model.decoder_layers)
        declared |= heads.vector_shapes(spec.decoded_vectors, model.units)
    if spec.decoded_images:
        declared |= _image_decoder_shapes(spec)
    return declared


def token_width(spec: AgentSpec) -> int:
    """Returns the width of a token: the vectors' part, then the images' part."""
    width = spec.model.units if spec.vectors else 0
    if spec.images:
        height, wide = _smallest(spec, spec.images)
        width += height * wide * _depths(spec)[-1]
    return width


def encode(spec: AgentSpec, params: Params, obs: Mapping[str, jax.Array]) -> jax.Array:
    """Encodes observations [..., *shape] by key to tokens [..., token_width]."""
    axes = inputs.leading(spec.obs_space, obs)
    parts = []
    if spec.vectors:
        parts.append(encode_vectors(params, inputs.concat(spec.vectors, obs, spec.compute, nets.symlog)))
    if spec.images:
        stacked = jnp.concatenate([obs[key] for key, _ in spec.images], -1)
        flat = stacked.reshape(-1, *stacked.shape[-3:])
        parts.append(encode_image(params, flat, spec.compute).reshape(*axes, -1))
    return jnp.concatenate(parts, -1)


def encode_vectors(params: Params, x: jax.Array) -> jax.Array:
    """Encodes joined vectors x [..., width] to [..., units]."""
    for path in _layers(params, "enc/mlp"):
        x = nets.norm_silu(params, f"{path}norm", nets.linear(params, path, x))
    return x


def encode_image(params: Params, image: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Encodes images [n, height, width, c] of bytes to [n, tokens]: convolution, pooling, norm and SiLU per layer."""
    x = image.astype(dtype) / 255 - 0.5
    for path in _layers(params, "enc/cnn"):
        x = nets.norm_silu(params, f"{path}norm", image_layers.max_pool(image_layers.conv(params, path, x)))
    return x.reshape(x.shape[0], -1)


def decode(spec: AgentSpec, params: Params, deter: jax.Array, stoch: jax.Array) -> dict[str, Prediction]:
    """Predicts the decoded observations from deter [..., D] and one-hot stoch [..., S, C]."""
    deter, stoch = deter.astype(spec.compute), stoch.reshape(*stoch.shape[:-2], -1).astype(spec.compute)
    predictions: dict[str, Prediction] = {}
    if spec.decoded_vectors:
        hidden = nets.mlp(params, "dec/mlp", jnp.concatenate([stoch, deter], -1))
        predictions |= heads.vectors(spec.decoded_vectors, params, hidden)
    if spec.decoded_images:
        start = 0
        height, width = _smallest(spec, spec.decoded_images)
        image = decode_image(params, _rows(deter), _rows(stoch), height, width)
        image = image.reshape(*deter.shape[:-1], *image.shape[1:]).astype(jnp.float32)
        for key, space in spec.decoded_images:
            predictions[key] = Mse(image[..., start : start + space.shape[-1]], len(space.shape))
            start += space.shape[-1]
    return predictions


def decode_image(params: Params, deter: jax.Array, stoch: jax.Array, height: int, width: int) -> jax.Array:
    """Decodes deter [n, D] and flat stoch [n, S C] to pixels in [0, 1].

    The first layer has ``height`` x ``width`` pixels: each block of deter sets a share of the channels, stoch adds to
    all of them. Every later layer doubles the size.
    """
    blocks = params["dec/sp0/kernel"].shape[0]
    drawn = nets.block_linear(params, "dec/sp0", deter).reshape(-1, blocks, height, width, _channels(params) // blocks)
    drawn = jnp.moveaxis(drawn, 1, -2).reshape(-1, height, width, _channels(params))
    added = nets.norm_silu(params, "dec/sp1norm", nets.linear(params, "dec/sp1", stoch))
    added = nets.linear(params, "dec/sp2", added, (height, width, _channels(params)))
    x = nets.norm_silu(params, "dec/spnorm", drawn + added)
    for path in reversed(_layers(params, "dec/conv")):
        x = nets.norm_silu(params, f"{path}norm", image_layers.conv_upsampled(params, path, x))
    return jax.nn.sigmoid(image_layers.conv_upsampled(params, "dec/imgout", x))


def target(spec: AgentSpec, key: str, value: jax.Array) -> jax.Array:
    """Returns the target of an observation's prediction: images scaled to [0, 1], everything else unchanged."""
    return value.astype(jnp.float32) / 255 if dict(spec.obs_space)[key].image else value


def _vector_encoder_shapes(spec: AgentSpec) -> Shapes:
    declared: Shapes = {}
    width, units = sum(space.width for _, space in spec.vectors), spec.model.units
    for index in range(spec.model.encoder_layers):
        declared |= nets.linear_shapes(f"enc/mlp{index}", units if index else width, units)
        declared |= nets.norm_shapes(f"enc/mlp{index}norm", units)
    return declared


def _image_encoder_shapes(spec: AgentSpec) -> Shapes:
    declared: Shapes = {}
    before = _image_channels(spec.images)
    for index, depth in enumerate(_depths(spec)):
        declared |= nets.conv_shapes(f"enc/cnn{index}", before, depth, spec.model.image_kernel)
        declared |= nets.norm_shapes(f"enc/cnn{index}norm", depth)
        before = depth
    return declared


def _image_decoder_shapes(spec: AgentSpec) -> Shapes:
    model, depths = spec.model, _depths(spec)
    height, width = _smallest(spec, spec.decoded_images)
    pixels = height * width * depths[-1]
    declared = nets.block_linear_shapes("dec/sp0", model.deter, pixels, model.image_blocks)
    declared |= nets.linear_shapes("dec/sp1", spec.stoch_width, 2 * model.units)
    declared |= nets.norm_shapes("dec/sp1norm", 2 * model.units)
    declared |= nets.linear_shapes("dec/sp2", 2 * model.units, pixels)
    declared |= nets.norm_shapes("dec/spnorm", depths[-1])
    before = depths[-1]
    for index in reversed(range(len(depths) - 1)):
        declared |= nets.conv_shapes(f"dec/conv{index}", before, depths[index], model.image_kernel)
        declared |= nets.norm_shapes(f"dec/conv{index}norm", depths[index])
        before = depths[index]
    return declared | nets.conv_shapes("dec/imgout", before, _image_channels(spec.decoded_images), model.image_kernel)


def _depths(spec: AgentSpec) -> tuple[int, ...]:
    return tuple(spec.model.depth * factor for factor in spec.model.image_mults)


def _image_channels(images: Spaces) -> int:
    return sum(space.shape[-1] for _, space in images)


def _smallest(spec: AgentSpec, images: Spaces) -> tuple[int, int]:
    """Height and width of images after the last pooling.

    Raises:
      ValueError: height or width is not a multiple of 2 to the number of poolings.
    """
    key, space = images[0]
    factor = 2 ** len(spec.model.image_mults)
    height, width = space.shape[:2]
    if height % factor or width % factor:
        raise ValueError(f"image `{key}` is {height} x {width}; height and width must be multiples of {factor}")
    return height // factor, width // factor


def _rows(x: jax.Array) -> jax.Array:
    return x.reshape(-1, x.shape[-1])


def _channels(params: Params) -> int:
    return params["dec/spnorm/scale"].shape[0]


def _layers(params: Params, prefix: str) -> list[str]:
    """The paths ``prefix0``, ``prefix1``, ... that exist."""
    count = 0
    while f"{prefix}{count}/kernel" in params:
        count += 1
    return [f"{prefix}{index}" for index in range(count)]
