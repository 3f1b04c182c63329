"""Draws all random numbers of an update or an acting step, as arrays.

A categorical draw is ``argmax(logits + g)`` with Gumbel noise ``g``, a normal one is ``mean + stddev z``. With
zero noise the result is the most likely class or the mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import jax
import jax.numpy as jnp

from ..base.pytree import container
from ..base.spec import AgentSpec


@container
class Noise:
    """Noise of one update.

    Attributes:
      post: Gumbel noise of the posterior, [B, T, S, C].
      prior: Gumbel noise of imagined states, [B T, H, S, C]; row ``b T + t`` starts from state ``[b, t]``.
      action: by action key, [B T, H + 1, ...]: normal noise [..., *shape] of a continuous action, Gumbel noise
        [..., *shape, classes] of a discrete one. The last step is for the action in the last imagined state.
    """

    post: jax.Array
    prior: jax.Array
    action: dict[str, jax.Array]


@container
class ActNoise:
    """Noise of one acting step: ``post`` [E, S, C] and ``action`` [E, ...], as in `Noise`."""

    post: jax.Array
    action: dict[str, jax.Array]


def draw_noise(spec: AgentSpec, key: jax.Array, batch_size: int, batch_length: int) -> Noise:
    """Draws the noise of an update on ``batch_size`` windows of ``batch_length`` trained steps. Consumes the key."""
    latent = (spec.model.stoch, spec.model.classes)
    starts, horizon = batch_size * batch_length, spec.loss.imag_length
    shapes = {"post": (batch_size, batch_length, *latent), "prior": (starts, horizon, *latent)}
    latents, action = _draw(spec, key, shapes, (starts, horizon + 1))
    return Noise(latents["post"], latents["prior"], action)


def draw_act_noise(spec: AgentSpec, key: jax.Array, envs: int) -> ActNoise:
    """Draws the noise of one acting step of ``envs`` environments. Consumes the key."""
    latents, action = _draw(spec, key, {"post": (envs, spec.model.stoch, spec.model.classes)}, (envs,))
    return ActNoise(latents["post"], action)


def _draw(
    spec: AgentSpec, key: jax.Array, latents: Mapping[str, tuple[int, ...]], leading: tuple[int, ...]
) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    # One draw per kind of noise: every other draw costs seconds of compilation and several kernels per update.
    choices = {key: (*leading, *space.shape, space.classes) for key, space in spec.act_space if space.discrete}
    numbers = {key: (*leading, *space.shape) for key, space in spec.act_space if not space.discrete}
    gumbel_key, normal_key = jax.random.split(key)
    shapes = [*latents.values(), *choices.values()]
    # Half the work of the default, which discards every other word so that each device can draw a separate part.
    with jax.threefry_partitionable(False):
        gumbel = _split(jax.random.gumbel(gumbel_key, (_total(shapes),), jnp.float32), shapes)
        normal = jax.random.normal(normal_key, (_total(numbers.values()),), jnp.float32)
    drawn = dict(zip(choices, gumbel[len(latents) :], strict=True))
    drawn |= dict(zip(numbers, _split(normal, numbers.values()), strict=True))
    return dict(zip(latents, gumbel, strict=False)), drawn


def _total(shapes: Iterable[tuple[int, ...]]) -> int:
    return sum(math.prod(shape) for shape in shapes)


def _split(flat: jax.Array, shapes: Iterable[tuple[int, ...]]) -> list[jax.Array]:
    pieces, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        pieces.append(flat[start:end].reshape(shape))
        start = end
    return pieces
