"""The adjoint loop: the gradient of the loss by every state of the posterior scan. `observe.py` has the recursion."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..base.loops import unroll
from ..base.pytree import container
from ..base.spec import AgentSpec
from ..model import nets
from . import axes, core
from .core import block_product_back, cut, join, product
from .posterior_step import CoreSums, Pair, PosteriorSums, Weights

Triple = tuple[jax.Array, jax.Array, jax.Array]
#: Steps per iteration of a loop on an accelerator.
UNROLL = 2


@container
class CoreFactors:
    """Elementwise parts of the Jacobian of `core_half`, float32, of one step, or of all with an axis T in front.

    In ``gates`` and ``stay`` the axis T follows K.

    Attributes:
      embed, hidden: pairs for `nets.pull_norm_silu`, of every norm.
      keep: bool [B, 1].
      gates: derivatives of the new deter by the inputs of the gates, [K, B, 3 D / K].
      stay: direct derivative of the new deter by the old one, without the products, [K, B, D / K].
    """

    embed: Pair
    hidden: tuple[Pair, ...]
    keep: jax.Array
    gates: jax.Array
    stay: jax.Array

    def at(self, index: jax.Array) -> CoreFactors:
        """The factors of one step."""
        embed, hidden, keep = axes.at((self.embed, self.hidden, self.keep), index)
        return CoreFactors(embed, hidden, keep, *axes.at((self.gates, self.stay), index, 1))


@container
class PosteriorFactors:
    """Elementwise parts of the Jacobian of `posterior_half` and the draw: pairs of all norms, softmax [n, S, C]."""

    post: tuple[Pair, ...]
    probs: jax.Array


def adjoints(
    spec: AgentSpec, weights: Weights, core_half: CoreFactors, posterior: PosteriorFactors, bars: Triple
) -> jax.Array:
    """Returns λ of the start and of all T states, [T + 1, K, B, D / K] float32.

    Args:
      spec: the agent.
      weights: parameters of the steps.
      core_half: factors of all T steps.
      posterior: factors of all T states.
      bars: adjoints of deter, stoch and logits that the rest of the loss sends, time-major.
    """
    length = len(bars[1])

    def step(bar: jax.Array, index: jax.Array) -> tuple[jax.Array, jax.Array]:
        # From the adjoint of state `index` to that of the state before it. Nothing follows the last state, so the
        # recursion begins at 0. The start was not drawn and has no posterior.
        factors, seen = core_half.at(jnp.minimum(index, length - 1)), jnp.maximum(index - 1, 0)
        own, embed = _pull_core(spec, weights, factors, bar)
        sent = axes.at(bars, seen)
        bar_stoch = sent[1] + product(embed[:, 1], weights.stoch.T)
        post = _pull_posterior(spec, weights, axes.at(posterior, seen), bar_stoch, sent[2])
        drawn = index > 0
        dense = jnp.concatenate([embed[:, 0], jnp.where(drawn, post, 0).astype(spec.compute)], -1)
        dense = jnp.broadcast_to(dense, (len(own), *dense.shape))
        through = block_product_back(jnp.concatenate([own, dense], -1), weights.deter)
        bar = jnp.where(drawn, sent[0], 0) + factors.stay * bar + through
        return bar, bar

    zero = jnp.zeros(bars[0].shape[1:], jnp.float32)
    return jax.lax.scan(step, zero, jnp.arange(length + 1), reverse=True, unroll=unroll(UNROLL))[1]


def core_factors(weights: Weights, moved: CoreSums, old: jax.Array, keep: jax.Array, rows: int) -> CoreFactors:
    """Computes the factors of T steps from sums of T B rows and the deter before, [K, T B, D / K]; ``rows`` is B."""
    slope, stay = core.blend_slopes(moved.gates, axes.masked(old, keep).astype(jnp.float32))
    pairs = (
        nets.norm_silu_factors(moved.embed, weights.embed_scale),
        tuple(map(nets.norm_silu_factors, moved.hidden, weights.hidden.scales)),
        keep,
    )
    blocks = (x.reshape(len(x), -1, rows, x.shape[-1]) for x in (slope, axes.masked(stay, keep)))
    return CoreFactors(*axes.steps_of(pairs, rows), *blocks)


def posterior_factors(spec: AgentSpec, weights: Weights, post: PosteriorSums, rows: int) -> PosteriorFactors:
    """Computes the factors of T steps from sums and logits of T B rows; ``rows`` is B."""
    pairs = tuple(map(nets.norm_silu_factors, post.sums, weights.post_scale))
    probs = jax.nn.softmax(axes.latents(spec, post.logit).astype(jnp.float32), -1)
    return PosteriorFactors(*axes.steps_of((pairs, probs), rows))


def _pull_core(spec: AgentSpec, weights: Weights, factors: CoreFactors, bar: jax.Array) -> Pair:
    """From the adjoint of the new deter to those of ``own`` [K, B, D / K] and both embeddings [B, 2, h]."""
    hidden, blocks = weights.hidden, spec.model.blocks
    v = block_product_back(core.pull_blend(factors.gates, bar).astype(spec.compute), hidden.gates)
    for pair, (kernel, _) in zip(factors.hidden[:0:-1], hidden.layers[::-1], strict=True):
        v = nets.pull_norm_silu(pair, join(v)).astype(spec.compute)
        v = block_product_back(cut(v, blocks), kernel)
    v = nets.pull_norm_silu(factors.hidden[0], join(v)).astype(spec.compute)
    both = product(v, weights.shared.T).reshape(factors.embed[0].shape)
    both = axes.masked(nets.pull_norm_silu(factors.embed, both), factors.keep[..., None])
    return cut(axes.masked(v, factors.keep), blocks), both.astype(spec.compute)


def _pull_posterior(
    spec: AgentSpec, weights: Weights, factors: PosteriorFactors, bar_stoch: jax.Array, bar_logit: jax.Array
) -> jax.Array:
    """From adjoints of stoch and logits [B, S C] to that of the posterior's first sums, [B, h] float32."""
    bar_stoch = axes.latents(spec, bar_stoch)
    straight = factors.probs * (bar_stoch - (factors.probs * bar_stoch).sum(-1, keepdims=True))
    v = product((bar_logit + (1 - spec.model.unimix) * axes.flat(straight)).astype(spec.compute), weights.logit.T)
    for pair, (kernel, _) in zip(factors.post[:0:-1], weights.post[::-1], strict=True):
        v = product(nets.pull_norm_silu(pair, v).astype(spec.compute), kernel.T)
    return nets.pull_norm_silu(factors.post[0], v)
