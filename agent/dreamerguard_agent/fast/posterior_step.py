"""One step of the posterior scan in two halves, `posterior_half` and `core_half`; `observe.py` has the equations."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..base.pytree import Params, container
from ..base.spec import AgentSpec
from ..model import nets, rssm
from . import axes, core
from .core import CoreWeights, HiddenWeights, block_product, join, product

Pair = tuple[jax.Array, jax.Array]


@container
class Weights:
    """θ: the parameters that every step uses; kernels in the compute type, biases and scales float32.

    Attributes:
      deter: ``[U | E | O]`` of every block, everything that multiplies deter, [K, D / K, D / K + 2 h].
      embed_bias, embed_scale: of the embeddings of deter and stoch, [2, h].
      stoch: F, [S C, h].
      shared: V, [2 h, D].
      hidden: G and further layers of the core.
      post: further layers of the posterior, (kernel [h, h], bias [h]) each; scales [h] of all their norms.
      logit: L, [h, S C] and bias [S C].
    """

    deter: jax.Array
    embed_bias: jax.Array
    embed_scale: jax.Array
    stoch: jax.Array
    shared: jax.Array
    hidden: HiddenWeights
    post: tuple[Pair, ...]
    post_scale: tuple[jax.Array, ...]
    logit: jax.Array
    logit_bias: jax.Array


@container
class Inputs:
    """Inputs of the steps besides the state: ``a`` [..., D], ``o`` [..., h], float32, and ``keep`` bool [..., 1]."""

    action: jax.Array
    tokens: jax.Array
    keep: jax.Array


@container
class DeterProducts:
    """Products of deter for the next step: ``deter ⊙ U`` [K, n, D / K] and ``deter E`` [n, h], float32."""

    own: jax.Array
    embed: jax.Array


@container
class PosteriorSums:
    """The posterior of a state: inputs of its norms, [n, h] float32, and logits [n, S C], compute type."""

    sums: tuple[jax.Array, ...]
    logit: jax.Array


@container
class CoreSums:
    """The next deter [K, n, D / K], and the inputs of every norm and gate on the way, float32."""

    deter: jax.Array
    embed: jax.Array
    hidden: tuple[jax.Array, ...]
    gates: jax.Array


def weights_of(spec: AgentSpec, params: Params, packed: CoreWeights, seen: jax.Array) -> Weights:
    """Packs the parameters that a step needs."""
    model = spec.model
    dense = (kernel.reshape(model.blocks, -1, model.hidden) for kernel in (packed.deter, seen))
    return Weights(
        deter=jnp.concatenate([packed.own, *dense], -1),
        embed_bias=packed.embed_bias,
        embed_scale=packed.embed_scale,
        stoch=packed.stoch,
        shared=packed.dense[: 2 * model.hidden],
        hidden=packed.hidden,
        post=core.layers(spec, params, "obs", model.posterior_layers),
        post_scale=core.scales(params, "obs", model.posterior_layers),
        logit=core.kernel(spec, params, "obslogit"),
        logit_bias=params["dyn/obslogit/bias"],
    )


def posterior_half(
    spec: AgentSpec, weights: Weights, deter: jax.Array, tokens: jax.Array
) -> tuple[DeterProducts, PosteriorSums]:
    """First half of a step: everything that depends only on deter [K, n, D / K] and tokens [n, h]."""
    width, hidden = deter.shape[-1], spec.model.hidden
    own, embed, seen = jnp.split(block_product(deter, weights.deter), [width, width + hidden], -1)
    sums = [axes.over_blocks(seen) + tokens]
    for (kernel, bias), scale in zip(weights.post, weights.post_scale[:-1], strict=True):
        sums.append(product(nets.scaled_norm_silu(sums[-1], scale).astype(spec.compute), kernel) + bias)
    last = nets.scaled_norm_silu(sums[-1], weights.post_scale[-1]).astype(spec.compute)
    logit = (product(last, weights.logit) + weights.logit_bias).astype(spec.compute)
    return DeterProducts(own, axes.over_blocks(embed)), PosteriorSums(tuple(sums), logit)


def core_half(
    spec: AgentSpec,
    weights: Weights,
    ahead: DeterProducts,
    deter: jax.Array,
    stoch: jax.Array,
    inputs: tuple[jax.Array, ...],
) -> CoreSums:
    """Second half: computes the next deter from deter [K, n, D / K], stoch [n, S C], action [n, D] and keep [n, 1]."""
    action, keep = inputs
    embed = jnp.stack([ahead.embed, product(stoch, weights.stoch)], 1)
    embed = axes.masked(embed, keep[..., None]) + weights.embed_bias
    both = nets.scaled_norm_silu(embed, weights.embed_scale).reshape(len(stoch), -1).astype(spec.compute)
    first = axes.masked(join(ahead.own), keep) + product(both, weights.shared) + action
    hidden, gates = core.hidden_sums(spec, weights.hidden, first)
    deter = core.blend(gates, axes.masked(deter, keep).astype(jnp.float32)).astype(spec.compute)
    return CoreSums(deter, embed, hidden, gates)


def all_posterior_halves(
    spec: AgentSpec, weights: Weights, start: jax.Array, deter: jax.Array, tokens: jax.Array
) -> tuple[DeterProducts, PosteriorSums]:
    """`posterior_half` of the start [K, B, D / K] and the T states after it: (T + 1) B rows.

    The start has no tokens; those of the first step stand in, and the result is not used.
    """
    blocks = axes.block_rows(axes.prepend(start, deter))
    return posterior_half(spec, weights, blocks, axes.rows_of(axes.prepend(tokens[0], tokens)))


def draw(spec: AgentSpec, logit: jax.Array, noise: jax.Array) -> jax.Array:
    """Draws stoch [n, S C] from logits and noise [n, S C]."""
    drawn = rssm.latent_dist(spec, axes.latents(spec, logit)).draw(axes.latents(spec, noise))
    return axes.flat(drawn).astype(spec.compute)
