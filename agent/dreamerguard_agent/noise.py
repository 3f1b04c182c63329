"""All randomness of an update or of an acting step, drawn in one place and handed over as arrays.

A categorical draw is ``argmax(logits + g)`` with Gumbel noise ``g``, a normal one is ``mean + stddev z``. Zero noise
therefore takes the most likely class and the mean.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from .pytree import container
from .spec import AgentSpec


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
    post, prior, action = jax.random.split(key, 3)
    latent = (spec.model.stoch, spec.model.classes)
    starts, horizon = batch_size * batch_length, spec.loss.imag_length
    return Noise(
        post=jax.random.gumbel(post, (batch_size, batch_length, *latent), jnp.float32),
        prior=jax.random.gumbel(prior, (starts, horizon, *latent), jnp.float32),
        action=_draw_action(spec, action, (starts, horizon + 1)),
    )


def draw_act_noise(spec: AgentSpec, key: jax.Array, envs: int) -> ActNoise:
    """Draws the noise of one acting step of ``envs`` environments. Consumes the key."""
    post, action = jax.random.split(key)
    latent = (envs, spec.model.stoch, spec.model.classes)
    return ActNoise(jax.random.gumbel(post, latent, jnp.float32), _draw_action(spec, action, (envs,)))


def _draw_action(spec: AgentSpec, key: jax.Array, leading: tuple[int, ...]) -> dict[str, jax.Array]:
    noise = {}
    for (name, space), each in zip(spec.act_space, jax.random.split(key, len(spec.act_space)), strict=True):
        if space.discrete:
            noise[name] = jax.random.gumbel(each, (*leading, *space.shape, space.classes), jnp.float32)
        else:
            noise[name] = jax.random.normal(each, (*leading, *space.shape), jnp.float32)
    return noise
