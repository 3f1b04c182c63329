"""The posterior scan, arranged for few and large kernels: the same function as `rssm.observe`, the same gradients.

A scan over T steps is bound by how many kernels one step launches, not by arithmetic. So only what recurs stays inside.

*Forward.* With the state ``mₜ = [deterₜ, stochₜ]`` and ``keepₜ`` zero where an episode begins, one step is::

    xₜ = keepₜ (deterₜ₋₁ E, stochₜ₋₁ F) + bₑ
    yₜ = keepₜ (deterₜ₋₁ ⊙ U) + φ(xₜ) V + aₜ            ⊙ block by block; aₜ is the action's share
    deterₜ = gru(φ(yₜ) ⊙ G + b_g, keepₜ deterₜ₋₁)
    logitₜ = φ(deterₜ O + oₜ) L + b_l                   oₜ is the share of the tokens
    stochₜ = onehot argmax(log mix(logitₜ) + noiseₜ)

where φ is RMS norm and SiLU. ``aₜ`` and ``oₜ`` depend on no state: two products over all T steps compute them before
the loop, and autodiff takes care of everything behind them. Masking rows commutes with a product, so it costs no
kernel.

*Backward.* Write step t as ``mₜ, logitₜ = f(θ, mₜ₋₁, inₜ)`` and let ``eₜ``, ``ℓₜ`` be what the rest of the loss sends
to ``mₜ`` and ``logitₜ``. The adjoint ``λₜ = dLoss/dmₜ`` obeys the linear recursion::

    λₜ = eₜ + (∂fₜ₊₁/∂mₜ)ᵀ (λₜ₊₁, ℓₜ₊₁)

Autodiff of a scan would also add up θ's gradient inside the loop, one thin product per weight and step, and save every
intermediate of every step, one slice update each. Here the loop computes λ only. All states are known by then, so
every elementwise factor of the Jacobians is computed beforehand, for all steps at once, from a second evaluation of
f over T B rows. And because f's steps are independent once the λ are known, ::

    dLoss/dθ = Σₜ (∂fₜ/∂θ)ᵀ (λₜ, ℓₜ)

is an ordinary vector-Jacobian product of that evaluation: each weight receives one product over T B rows. So the two
loops save one array per step each, states forward and adjoints backward, and ``bar`` variables below are adjoints.

Arrays are time-major inside, [T, B, ...]; sums before a norm or a gate are float32 in any compute type. In bfloat16
they are therefore rounded less often than in `rssm.observe`, and agree with it to that type's precision only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp

from . import cell, nets, rssm
from .cell import CoreWeights, block_product, block_product_back, cut, join, product
from .pytree import Params, container
from .rssm import Features, Latent
from .spec import AgentSpec

_Pair = tuple[jax.Array, jax.Array]


@container
class Weights:
    """θ: the parameters that recur, kernels in the compute type, biases and scales float32.

    Attributes:
      core: of the core.
      seen: O, [D, h].
      post: further layers of the posterior, (kernel [h, h], bias [h]) each; scales [h] of all their norms.
      logit: L, [h, S C] and bias [S C].
    """

    core: CoreWeights
    seen: jax.Array
    post: tuple[_Pair, ...]
    post_scale: tuple[jax.Array, ...]
    logit: jax.Array
    logit_bias: jax.Array


@container
class Inputs:
    """What a step reads besides the state: ``a`` [..., D], ``o`` [..., h], float32, and ``keep`` bool [..., 1]."""

    action: jax.Array
    tokens: jax.Array
    keep: jax.Array


@container
class Inner:
    """Sums in front of every norm and gate, float32; what the factors of the Jacobian are made of."""

    embed: jax.Array
    hidden: tuple[jax.Array, ...]
    gates: jax.Array
    post: tuple[jax.Array, ...]


@container
class Factors:
    """The elementwise parts of the Jacobian of one step, float32.

    Attributes:
      embed, hidden, post: pairs for `nets.pull_norm_silu`, of every norm.
      gates: derivatives of the new deter by the sums of the gates, [K, n, 3 D / K].
      stay: derivative of the new deter by the old one, past all products, [n, D].
      keep: bool [n, 1].
      probs: softmax of the logits, [n, S, C].
    """

    embed: _Pair
    hidden: tuple[_Pair, ...]
    gates: jax.Array
    stay: jax.Array
    post: tuple[_Pair, ...]
    keep: jax.Array
    probs: jax.Array


def observe(
    spec: AgentSpec,
    params: Params,
    carry: Latent,
    tokens: jax.Array,
    action: Mapping[str, jax.Array],
    reset: jax.Array,
    noise: jax.Array,
) -> tuple[Latent, Features]:
    """Arguments and results of `rssm.observe`; differentiable once, in reverse mode, by everything but the noise."""
    weights = _weights(spec, params)
    embedded = _time_major(rssm.embed_action(spec, action, reset))
    seen = cell.kernel(spec, params, "obs0")[spec.model.deter :]
    inputs = Inputs(
        product(cell.embed_action(params, embedded), weights.core.action) + weights.core.own_bias,
        product(_time_major(tokens.astype(spec.compute)), seen) + params["dyn/obs0/bias"],
        ~reset.T[..., None],
    )
    rows = tokens.shape[0]
    start = jnp.concatenate([carry.deter, carry.stoch.reshape(rows, -1)], -1).astype(spec.compute)
    flat = _time_major(noise).reshape(*reset.T.shape, -1)
    states, logits = _scan(spec, weights, start, inputs, flat)
    deter, stoch = _split(spec, _time_major(states))
    stoch, logit = _latents(spec, stoch), _latents(spec, _time_major(logits))
    return Latent(deter[:, -1], stoch[:, -1]), Features(deter, stoch, logit)


def _weights(spec: AgentSpec, params: Params) -> Weights:
    model = spec.model
    return Weights(
        core=cell.core_weights(spec, params),
        seen=cell.kernel(spec, params, "obs0")[: model.deter],
        post=cell.layers(spec, params, "obs", model.posterior_layers),
        post_scale=cell.scales(params, "obs", model.posterior_layers),
        logit=cell.kernel(spec, params, "obslogit"),
        logit_bias=params["dyn/obslogit/bias"],
    )


def _step(spec: AgentSpec, weights: Weights, state: jax.Array, inputs: Inputs) -> tuple[jax.Array, jax.Array, Inner]:
    """f without the draw: state [n, D + S C] to deter [n, D] and logit [n, S C], compute type, and inner sums."""
    core, (old, stoch) = weights.core, _split(spec, state)
    embed = jnp.stack([product(old, core.deter), product(stoch, core.stoch)], 1)
    embed = _masked(embed, inputs.keep[..., None]) + core.embed_bias
    both = nets.scaled_norm_silu(embed, core.embed_scale).reshape(len(state), -1).astype(spec.compute)
    own = _masked(join(block_product(old, core.own)), inputs.keep)
    hidden, gates = cell.hidden_sums(spec, core, own + product(both, core.shared) + inputs.action)
    deter = cell.blend(gates, _masked(old, inputs.keep).astype(jnp.float32)).astype(spec.compute)
    post = [product(deter, weights.seen) + inputs.tokens]
    for (kernel, bias), scale in zip(weights.post, weights.post_scale[:-1], strict=True):
        post.append(product(nets.scaled_norm_silu(post[-1], scale).astype(spec.compute), kernel) + bias)
    last = nets.scaled_norm_silu(post[-1], weights.post_scale[-1]).astype(spec.compute)
    logit = (product(last, weights.logit) + weights.logit_bias).astype(spec.compute)
    return deter, logit, Inner(embed, hidden, gates, tuple(post))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scan(
    spec: AgentSpec, weights: Weights, start: jax.Array, inputs: Inputs, noise: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """States [T, B, D + S C] and logits [T, B, S C] from the first state [B, D + S C] and noise [T, B, S C]."""
    width = spec.feature_width

    def step(state: jax.Array, xs: tuple[Inputs, jax.Array]) -> tuple[jax.Array, jax.Array]:
        deter, logit, _ = _step(spec, weights, state, xs[0])
        stoch = rssm.latent_dist(spec, _latents(spec, logit)).draw(_latents(spec, xs[1]))
        packed = jnp.concatenate([deter, stoch.reshape(logit.shape).astype(spec.compute), logit], -1)
        return packed[:, :width], packed

    _, packed = jax.lax.scan(step, start, (inputs, noise))
    return packed[..., :width], packed[..., width:]


def _forward(
    spec: AgentSpec, weights: Weights, start: jax.Array, inputs: Inputs, noise: jax.Array
) -> tuple[_Pair, tuple[Weights, jax.Array, jax.Array, Inputs]]:
    states, logits = _scan(spec, weights, start, inputs, noise)
    return (states, logits), (weights, start, states, inputs)


def _backward(
    spec: AgentSpec, saved: tuple[Weights, jax.Array, jax.Array, Inputs], bars: _Pair
) -> tuple[Weights, jax.Array, Inputs, None]:
    weights, start, states, inputs = saved
    length, rows = states.shape[:2]
    flat, steps = partial(jax.tree.map, _rows), partial(jax.tree.map, lambda x: x.reshape(length, rows, *x.shape[1:]))
    before, keep = flat((jnp.concatenate([start[None], states[:-1]]), inputs.keep))

    def every_step(weights: Weights, action: jax.Array, tokens: jax.Array) -> tuple[tuple[jax.Array, ...], Inner]:
        deter, logit, inner = _step(spec, weights, before, Inputs(action, tokens, keep))
        # The draw passes its gradient straight through to the probabilities.
        probs = jax.nn.softmax(rssm.latent_dist(spec, _latents(spec, logit)).logits, -1)
        return (deter, probs.reshape(logit.shape), logit), inner

    (_, _, logits), pull, inner = jax.vjp(every_step, weights, flat(inputs.action), flat(inputs.tokens), has_aux=True)
    factors = _factors(spec, weights, _masked(_split(spec, before)[0], keep), keep, logits, inner)

    def step(bar: jax.Array, xs: tuple[jax.Array, jax.Array, Factors]) -> tuple[jax.Array, jax.Array]:
        bar = bar + xs[0]
        return _pull_state(spec, weights, xs[2], bar, xs[1]), bar

    zero = jnp.zeros(start.shape, jnp.float32)
    bar_start, adjoints = jax.lax.scan(step, zero, (*bars, _by_step(factors, length)), reverse=True)
    bar_deter, bar_stoch = _split(spec, flat(adjoints))
    bar_weights, bar_action, bar_tokens = pull((bar_deter.astype(states.dtype), bar_stoch, flat(bars[1])))
    return bar_weights, bar_start.astype(start.dtype), Inputs(steps(bar_action), steps(bar_tokens), None), None


_scan.defvjp(_forward, _backward)


def _factors(
    spec: AgentSpec, weights: Weights, old: jax.Array, keep: jax.Array, logits: jax.Array, inner: Inner
) -> Factors:
    """From the masked old deter [n, D], logits and inner sums of any number of rows."""
    core = weights.core
    slope, stay = cell.blend_slopes(inner.gates, old.astype(jnp.float32))
    return Factors(
        embed=nets.norm_silu_factors(inner.embed, core.embed_scale),
        hidden=tuple(map(nets.norm_silu_factors, inner.hidden, core.hidden_scale)),
        gates=slope,
        stay=_masked(stay, keep),
        post=tuple(map(nets.norm_silu_factors, inner.post, weights.post_scale)),
        keep=keep,
        probs=jax.nn.softmax(_latents(spec, logits).astype(jnp.float32), -1),
    )


def _pull_state(spec: AgentSpec, weights: Weights, factors: Factors, bar: jax.Array, bar_logit: jax.Array) -> jax.Array:
    """``(∂f/∂m)ᵀ (bar, bar_logit)``: adjoints of one step's results to the adjoint [B, D + S C] of the state before."""
    core, blocks = weights.core, spec.model.blocks
    bar_deter, bar_stoch = _split(spec, bar)
    bar_stoch = _latents(spec, bar_stoch)
    straight = factors.probs * (bar_stoch - (factors.probs * bar_stoch).sum(-1, keepdims=True))
    v = product((bar_logit + (1 - spec.model.unimix) * _flat(straight)).astype(spec.compute), weights.logit.T)
    for pair, (kernel, _) in zip(factors.post[:0:-1], weights.post[::-1], strict=True):
        v = product(nets.pull_norm_silu(pair, v).astype(spec.compute), kernel.T)
    v = nets.pull_norm_silu(factors.post[0], v)
    bar_deter = bar_deter + product(v.astype(spec.compute), weights.seen.T)
    v = block_product_back(cell.pull_blend(factors.gates, bar_deter).astype(spec.compute), core.gates)
    for pair, (kernel, _) in zip(factors.hidden[:0:-1], core.hidden[::-1], strict=True):
        v = block_product_back(cut(nets.pull_norm_silu(pair, v).astype(spec.compute), blocks), kernel)
    v = nets.pull_norm_silu(factors.hidden[0], v).astype(spec.compute)
    both = nets.pull_norm_silu(factors.embed, product(v, core.shared.T).reshape(factors.embed[0].shape))
    both = both.astype(spec.compute)
    deter = product(both[:, 0], core.deter.T) + block_product_back(cut(v, blocks), core.own)
    before = jnp.concatenate([deter, product(both[:, 1], core.stoch.T)], -1)
    return _masked(before, factors.keep) + jnp.pad(factors.stay * bar_deter, ((0, 0), (0, spec.stoch_width)))


def _by_step(factors: Factors, length: int) -> Factors:
    """Factors of T B rows to those of T steps; block-major ones have their rows second."""

    def rows(x: jax.Array) -> jax.Array:
        return x.reshape(length, -1, *x.shape[1:])

    def blocks(x: jax.Array) -> jax.Array:
        return jnp.moveaxis(x.reshape(x.shape[0], length, -1, x.shape[-1]), 0, 1)

    others = {name: getattr(factors, name) for name in Factors.__annotations__ if name != "gates"}
    return Factors(gates=blocks(factors.gates), **jax.tree.map(rows, others))


def _time_major(x: jax.Array) -> jax.Array:
    return jnp.swapaxes(x, 0, 1)


def _rows(x: jax.Array) -> jax.Array:
    return x.reshape(-1, *x.shape[2:])


def _split(spec: AgentSpec, state: jax.Array) -> _Pair:
    return state[..., : spec.model.deter], state[..., spec.model.deter :]


def _latents(spec: AgentSpec, flat: jax.Array) -> jax.Array:
    return flat.reshape(*flat.shape[:-1], spec.model.stoch, spec.model.classes)


def _flat(latents: jax.Array) -> jax.Array:
    return latents.reshape(*latents.shape[:-2], -1)


def _masked(x: jax.Array, keep: jax.Array) -> jax.Array:
    return jnp.where(keep, x, 0)
