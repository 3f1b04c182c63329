"""The posterior scan with few, large kernels. Mirrors `rssm.observe`: equal values and equal gradients.

The number of kernels per step limits the speed of a scan over T steps, not arithmetic. So the loop contains only
computations that depend on the previous step.

*Forward.* With ``keepₜ`` zero where an episode begins and deter cut into the K blocks of the core, one step is::

    [pₜ | eₜ | zₜ] = deterₜ₋₁ ⊙ [U | E | O]                    posterior_half; e, z summed over blocks
    logitₜ₋₁ = φ(zₜ + oₜ₋₁) L + b_l                            oₜ₋₁ is the share of the tokens
    stochₜ₋₁ = onehot argmax(log mix(logitₜ₋₁) + noiseₜ₋₁)
    xₜ = keepₜ (eₜ, stochₜ₋₁ F) + bₑ                           core_half
    yₜ = keepₜ pₜ + φ(xₜ) V + aₜ                               aₜ is the share of the action
    deterₜ = gru(φ(yₜ) ⊙ G + b_g, keepₜ deterₜ₋₁)

where φ is RMS norm and SiLU. A step begins with the posterior of the step before. So one product covers everything that
multiplies deter, and the loop carries deter alone. ``aₜ`` and ``oₜ`` depend on no state: two products over all T steps
compute them before the loop, and autodiff differentiates them. Masking rows commutes with a product, so it costs no
kernel. After the loop, the logits of all states are computed at once.

*Backward.* Let ``dₜ``, ``sₜ``, ``ℓₜ`` be the gradients that the rest of the loss sends to ``deterₜ``, ``stochₜ``
and ``logitₜ``. The adjoint ``λₜ = dLoss/ddeterₜ`` obeys the linear recursion ::

    (πₜ, εₜ, σₜ) = (∂core_half/∂(pₜ, eₜ, stochₜ₋₁))ᵀ λₜ
    ζₜ = (∂logit/∂z)ᵀ [ℓₜ₋₁ + (∂probs/∂logit)ᵀ (sₜ₋₁ + σₜ)]     the draw passes gradients straight
    λₜ₋₁ = dₜ₋₁ + keepₜ (1 - updateₜ) λₜ + [πₜ | εₜ | ζₜ] ⊙ [U | E | O]ᵀ

Autodiff of a scan would also add up θ's gradient inside the loop, one thin product per weight and step, and save every
intermediate of every step, one slice update each. Here the loop computes λ only. All states are known by then, so
every elementwise factor of the Jacobians is computed beforehand, for all steps at once, from a second evaluation of
both halves over T B rows. Once the λ are known the steps are independent, so θ's gradient is an ordinary
vector-Jacobian product of that evaluation: each weight receives one product over T B rows. Each of the two loops saves
one array per step: states forward, adjoints backward. ``bar`` variables below are adjoints.

Arrays are time-major inside, [T, B, ...]; sums before a norm or a gate are float32 in any compute type. In bfloat16
they are therefore rounded less often than in `rssm.observe`, and agree with it to that type's precision only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..base.loops import unroll
from ..base.pytree import Params
from ..base.spec import AgentSpec
from ..model import rssm
from ..model.rssm import Features, Latent
from . import axes, core, posterior_step
from .adjoint import UNROLL, Triple, adjoints, core_factors, posterior_factors
from .core import cut, product
from .posterior_step import DeterProducts, Inputs, Pair, PosteriorSums, Weights


def observe(
    spec: AgentSpec,
    params: Params,
    carry: Latent,
    tokens: jax.Array,
    action: Mapping[str, jax.Array],
    reset: jax.Array,
    noise: jax.Array,
) -> tuple[Latent, Features]:
    """Takes the arguments and returns the results of `rssm.observe`.

    Differentiable once, in reverse mode, by every argument but the noise.
    """
    packed, seen = core.core_weights(spec, params), core.kernel(spec, params, "obs0")
    embedded = core.embed_action(params, axes.rows_of(axes.time_major(rssm.embed_action(spec, action, reset))))
    tokens = axes.rows_of(axes.time_major(tokens.astype(spec.compute)))
    shares = (
        product(embedded, packed.dense[2 * spec.model.hidden :]) + packed.own_bias,
        product(tokens, seen[spec.model.deter :]) + params["dyn/obs0/bias"],
    )
    shares = axes.steps_of(shares, len(reset))
    inputs = Inputs(shares[0], shares[1], ~reset.T[..., None])
    start = cut(carry.deter.astype(spec.compute), spec.model.blocks), axes.flat(carry.stoch).astype(spec.compute)
    weights = posterior_step.weights_of(spec, params, packed, seen[: spec.model.deter])
    blocks, stoch, logit = _scan(spec, weights, start, inputs, axes.flat(axes.time_major(noise)))
    deter = jnp.concatenate([axes.time_major(blocks[:, k]) for k in range(spec.model.blocks)], -1)
    stoch, logit = (axes.latents(spec, axes.time_major(x)) for x in (stoch, logit))
    return Latent(deter[:, -1], stoch[:, -1]), Features(deter, stoch, logit)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scan(spec: AgentSpec, weights: Weights, start: Pair, inputs: Inputs, noise: jax.Array) -> Triple:
    """Deter [T, K, B, D / K], stoch and logits [T, B, S C] from the state before and noise [T, B, S C]."""

    def one(deter: jax.Array, index: jax.Array) -> tuple[jax.Array, jax.Array]:
        # The first stoch is given; every other is drawn at the beginning of the next step.
        seen = jnp.maximum(index - 1, 0)
        ahead, post = posterior_step.posterior_half(spec, weights, deter, axes.at(inputs.tokens, seen))
        stoch = jnp.where(index == 0, start[1], posterior_step.draw(spec, post.logit, axes.at(noise, seen)))
        deter = posterior_step.core_half(
            spec, weights, ahead, deter, stoch, axes.at((inputs.action, inputs.keep), index)
        ).deter
        return deter, jnp.concatenate([deter.reshape(-1), stoch.reshape(-1)])

    _, packed = jax.lax.scan(one, start[0], jnp.arange(len(noise)), unroll=unroll(UNROLL))
    deter, before = jnp.split(packed, [start[0].size], -1)
    deter = deter.reshape(-1, *start[0].shape)
    _, post = posterior_step.all_posterior_halves(spec, weights, start[0], deter, inputs.tokens)
    logit = post.logit.reshape(-1, *noise.shape[1:])[1:]
    last = posterior_step.draw(spec, logit[-1:], noise[-1:])
    return deter, jnp.concatenate([before.reshape(noise.shape)[1:], last]), logit


def _forward(
    spec: AgentSpec, weights: Weights, start: Pair, inputs: Inputs, noise: jax.Array
) -> tuple[Triple, tuple[Weights, Pair, Inputs, jax.Array, jax.Array]]:
    deter, stoch, logit = _scan(spec, weights, start, inputs, noise)
    return (deter, stoch, logit), (weights, start, inputs, deter, stoch)


def _backward(
    spec: AgentSpec, saved: tuple[Weights, Pair, Inputs, jax.Array, jax.Array], bars: Triple
) -> tuple[Weights, Pair, Inputs, None]:
    weights, start, inputs, deter, stoch = saved
    rows, onehot = stoch.shape[1], axes.rows_of(stoch)
    before, keep = axes.block_rows(axes.prepend(start[0], deter[:-1])), axes.rows_of(inputs.keep)

    def every_step(weights: Weights, first: jax.Array, action: jax.Array, tokens: jax.Array) -> tuple[Triple, Any]:
        ahead, post = posterior_step.all_posterior_halves(spec, weights, start[0], deter, tokens)
        logit = post.logit[rows:]
        probs = jax.nn.softmax(rssm.latent_dist(spec, axes.latents(spec, logit)).logits, -1)
        drawn = onehot + (axes.flat(probs) - jax.lax.stop_gradient(axes.flat(probs))).astype(onehot.dtype)
        ahead = DeterProducts(ahead.own[:, :-rows], ahead.embed[:-rows])
        earlier = jnp.concatenate([first, drawn[:-rows]])
        moved = posterior_step.core_half(spec, weights, ahead, before, earlier, (axes.rows_of(action), keep))
        return (moved.deter, drawn, logit), (moved, PosteriorSums(tuple(x[rows:] for x in post.sums), logit))

    _, pull, (moved, post) = jax.vjp(every_step, weights, start[1], inputs.action, inputs.tokens, has_aux=True)
    step_factors, state_factors = (
        core_factors(weights, moved, before, keep, rows),
        posterior_factors(spec, weights, post, rows),
    )
    every = adjoints(spec, weights, step_factors, state_factors, bars)
    bar_deter = axes.block_rows(every[1:]).astype(deter.dtype)
    bar_weights, bar_first, bar_action, bar_tokens = pull((bar_deter, axes.rows_of(bars[1]), axes.rows_of(bars[2])))
    return bar_weights, (every[0].astype(deter.dtype), bar_first), Inputs(bar_action, bar_tokens, None), None


_scan.defvjp(_forward, _backward)
