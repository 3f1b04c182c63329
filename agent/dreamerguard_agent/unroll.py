"""The posterior scan, arranged for few and large kernels: the same function as `rssm.observe`, the same gradients.

A scan over T steps is bound by how many kernels one step launches, not by arithmetic. So only what recurs stays inside.

*Forward.* With the state ``mₜ = [deterₜ, stochₜ]`` and ``keepₜ`` zero where an episode begins, one step is::

    xₜ = keepₜ mₜ₋₁ E + bₑ                              both embeddings by one product, E block-diagonal
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

from . import nets, rssm
from .pytree import Params, container
from .rssm import Features, Latent
from .spec import AgentSpec

#: Steps per iteration of the two loops: fewer, longer iterations for a little compile time.
UNROLL = 1


@container
class Weights:
    """θ: the parameters that recur, kernels in the compute type, biases and scales float32.

    Attributes:
      embed: E, [D + S C, 2 h], with bias and scale of its norms, [2, h].
      own: U, [K, D / K, D / K].
      shared: V, [2 h, D].
      hidden: further block-linear layers, (kernel [K, D / K, D / K], bias [D]) each; scales [D] of all their norms.
      gates: G, [K, D / K, 3 D / K] and bias [3 D].
      seen: O, [D, h].
      post: further layers of the posterior, (kernel [h, h], bias [h]) each; scales [h] of all their norms.
      logit: L, [h, S C] and bias [S C].
    """

    embed: jax.Array
    embed_bias: jax.Array
    embed_scale: jax.Array
    own: jax.Array
    shared: jax.Array
    hidden: tuple[tuple[jax.Array, jax.Array], ...]
    hidden_scale: tuple[jax.Array, ...]
    gates: jax.Array
    gates_bias: jax.Array
    seen: jax.Array
    post: tuple[tuple[jax.Array, jax.Array], ...]
    post_scale: tuple[jax.Array, ...]
    logit: jax.Array
    logit_bias: jax.Array


@container
class Inputs:
    """What a step reads besides the state: ``a`` [T, B, D], ``o`` [T, B, h], float32, and ``keep`` bool [T, B, 1]."""

    action: jax.Array
    tokens: jax.Array
    keep: jax.Array


@container
class Inner:
    """Sums in front of every norm and gate, float32, [..., n]; what the factors of the Jacobian are made of."""

    embed: jax.Array
    hidden: tuple[jax.Array, ...]
    gates: jax.Array
    post: tuple[jax.Array, ...]


@container
class Factors:
    """The elementwise parts of the Jacobian of one step, [..., n] as in `Inner`.

    The derivative of φ at z with scale s takes v to ``u - q Σ q u`` with ``u = gain v``: pairs (gain, q).

    Attributes:
      embed, hidden, post: pairs of every norm.
      gates: derivative of the new deter by the three sums of each gate, [..., K, 3, D / K].
      stay: derivative of the new deter by the old one, past all products, [..., D].
      keep: bool [..., 1].
      probs: softmax of the logits, [..., S, C].
    """

    embed: tuple[jax.Array, jax.Array]
    hidden: tuple[tuple[jax.Array, jax.Array], ...]
    gates: jax.Array
    stay: jax.Array
    post: tuple[tuple[jax.Array, jax.Array], ...]
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
    time_major = partial(jnp.swapaxes, axis1=0, axis2=1)
    embedded = time_major(rssm.embed_action(spec, action, reset))
    inputs = Inputs(
        _action_share(spec, params, embedded),
        _tokens_share(spec, params, time_major(tokens.astype(spec.compute))),
        ~reset.T[..., None],
    )
    rows = tokens.shape[0]
    start = jnp.concatenate([carry.deter, carry.stoch.reshape(rows, -1)], -1).astype(spec.compute)
    flat = time_major(noise).reshape(*reset.T.shape, -1)
    states, logits = _scan(spec, weights, start, inputs, flat)
    deter, stoch = _split(spec, time_major(states))
    latents = (spec.model.stoch, spec.model.classes)
    stoch = stoch.reshape(*stoch.shape[:-1], *latents)
    logit = time_major(logits).reshape(stoch.shape)
    return Latent(deter[:, -1], stoch[:, -1]), Features(deter, stoch, logit)


def _weights(spec: AgentSpec, params: Params) -> Weights:
    model = spec.model
    wide, hidden, own = spec.feature_width, model.hidden, model.deter // model.blocks

    def kernel(name: str) -> jax.Array:
        return params[f"dyn/{name}/kernel"].astype(spec.compute)

    def rest(name: str, count: int) -> tuple[tuple[jax.Array, jax.Array], ...]:
        return tuple((kernel(f"{name}{i}"), params[f"dyn/{name}{i}/bias"]) for i in range(1, count))

    def scales(name: str, count: int) -> tuple[jax.Array, ...]:
        return tuple(params[f"dyn/{name}{i}norm/scale"] for i in range(count))

    embed = jnp.zeros((wide, 2 * hidden), spec.compute)
    embed = embed.at[: model.deter, :hidden].set(kernel("dynin0")).at[model.deter :, hidden:].set(kernel("dynin1"))
    first = kernel("dynhid0")
    shared = jnp.moveaxis(first[:, own : own + 2 * hidden], 0, 1).reshape(2 * hidden, -1)
    return Weights(
        embed=embed,
        embed_bias=jnp.stack([params[f"dyn/dynin{i}/bias"] for i in range(2)]),
        embed_scale=jnp.stack(scales("dynin", 2)),
        own=first[:, :own],
        shared=shared,
        hidden=rest("dynhid", model.dynamics_layers),
        hidden_scale=scales("dynhid", model.dynamics_layers),
        gates=kernel("dyngru"),
        gates_bias=params["dyn/dyngru/bias"],
        seen=kernel("obs0")[: model.deter],
        post=rest("obs", model.posterior_layers),
        post_scale=scales("obs", model.posterior_layers),
        logit=kernel("obslogit"),
        logit_bias=params["dyn/obslogit/bias"],
    )


def _action_share(spec: AgentSpec, params: Params, action: jax.Array) -> jax.Array:
    """``a``: embedded actions [T, B, A], already zero at resets, to [T, B, D]."""
    action = action / jax.lax.stop_gradient(jnp.maximum(1, jnp.abs(action)))
    x = nets.norm_silu(params, "dyn/dynin2norm", nets.linear(params, "dyn/dynin2", action))
    kernel = params["dyn/dynhid0/kernel"].astype(x.dtype)[:, -spec.model.hidden :]
    return _product(x, jnp.moveaxis(kernel, 0, 1).reshape(spec.model.hidden, -1)) + params["dyn/dynhid0/bias"]


def _tokens_share(spec: AgentSpec, params: Params, tokens: jax.Array) -> jax.Array:
    """``o``: tokens [T, B, F'] to [T, B, h]."""
    kernel = params["dyn/obs0/kernel"].astype(tokens.dtype)[spec.model.deter :]
    return _product(tokens, kernel) + params["dyn/obs0/bias"]


def _step(spec: AgentSpec, weights: Weights, state: jax.Array, inputs: Inputs) -> tuple[jax.Array, jax.Array, Inner]:
    """f without the draw: state [..., D + S C] to deter [..., D] and logit [..., S C], compute type, and inner sums."""
    deter, _ = _split(spec, state)
    x = _masked(_product(state, weights.embed), inputs.keep)
    x = x.reshape(*x.shape[:-1], 2, -1) + weights.embed_bias
    both = nets.scaled_norm_silu(x, weights.embed_scale).reshape(*state.shape[:-1], -1)
    y = _masked(_blocks(deter, weights.own), inputs.keep) + _product(both.astype(spec.compute), weights.shared)
    sums = [y + inputs.action]
    for kernel, bias in weights.hidden:
        last = nets.scaled_norm_silu(sums[-1], weights.hidden_scale[len(sums) - 1])
        sums.append(_blocks(last.astype(spec.compute), kernel) + bias)
    last = nets.scaled_norm_silu(sums[-1], weights.hidden_scale[-1]).astype(spec.compute)
    gates = _blocks(last, weights.gates) + weights.gates_bias
    deter = _gru(spec, gates, _masked(deter.astype(jnp.float32), inputs.keep)).astype(spec.compute)
    seen = [_product(deter, weights.seen) + inputs.tokens]
    for kernel, bias in weights.post:
        last = nets.scaled_norm_silu(seen[-1], weights.post_scale[len(seen) - 1])
        seen.append(_product(last.astype(spec.compute), kernel) + bias)
    last = nets.scaled_norm_silu(seen[-1], weights.post_scale[-1]).astype(spec.compute)
    logit = (_product(last, weights.logit) + weights.logit_bias).astype(spec.compute)
    return deter, logit, Inner(x, tuple(sums), gates, tuple(seen))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scan(
    spec: AgentSpec, weights: Weights, start: jax.Array, inputs: Inputs, noise: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """States [T, B, D + S C] and logits [T, B, S C] from the first state [B, D + S C] and noise [T, B, S C]."""
    width = spec.feature_width

    def step(state: jax.Array, xs: tuple[Inputs, jax.Array]) -> tuple[jax.Array, jax.Array]:
        deter, logit, _ = _step(spec, weights, state, xs[0])
        stoch = _draw(spec, logit, xs[1]).astype(spec.compute)
        packed = jnp.concatenate([deter, stoch, logit], -1)
        return packed[:, :width], packed

    _, packed = jax.lax.scan(step, start, (inputs, noise), unroll=UNROLL)
    return packed[..., :width], packed[..., width:]


def _forward(
    spec: AgentSpec, weights: Weights, start: jax.Array, inputs: Inputs, noise: jax.Array
) -> tuple[tuple[jax.Array, jax.Array], tuple[Weights, jax.Array, jax.Array, Inputs]]:
    states, logits = _scan(spec, weights, start, inputs, noise)
    return (states, logits), (weights, start, states, inputs)


def _backward(
    spec: AgentSpec,
    saved: tuple[Weights, jax.Array, jax.Array, Inputs],
    bars: tuple[jax.Array, jax.Array],
) -> tuple[Weights, jax.Array, Inputs, None]:
    weights, start, states, inputs = saved
    before = jnp.concatenate([start[None], states[:-1]])

    def every_step(
        weights: Weights, action: jax.Array, tokens: jax.Array
    ) -> tuple[tuple[jax.Array, ...], tuple[jax.Array, Inner]]:
        deter, logit, inner = _step(spec, weights, before, Inputs(action, tokens, inputs.keep))
        # The draw passes its gradient straight through to the probabilities.
        probs = jax.nn.softmax(rssm.latent_dist(spec, _latents(spec, logit)).logits, -1).reshape(logit.shape)
        return (deter, probs, logit), (logit, inner)

    _, pull, (logits, inner) = jax.vjp(every_step, weights, inputs.action, inputs.tokens, has_aux=True)
    factors = _factors(spec, weights, _split(spec, before)[0], inputs.keep, logits, inner)
    bar_states, bar_logits = bars

    def step(bar: jax.Array, xs: tuple[jax.Array, jax.Array, Factors]) -> tuple[jax.Array, jax.Array]:
        bar = bar + xs[0]
        return _pull_state(spec, weights, xs[2], bar, xs[1]), bar

    zero = jnp.zeros(start.shape, jnp.float32)
    sequence = (bar_states, bar_logits, factors)
    bar_start, adjoints = jax.lax.scan(step, zero, sequence, reverse=True, unroll=UNROLL)
    bar_deter, bar_stoch = _split(spec, adjoints)
    bar_weights, bar_action, bar_tokens = pull((bar_deter.astype(states.dtype), bar_stoch, bar_logits))
    return bar_weights, bar_start.astype(start.dtype), Inputs(bar_action, bar_tokens, None), None


_scan.defvjp(_forward, _backward)


def _factors(
    spec: AgentSpec, weights: Weights, deter: jax.Array, keep: jax.Array, logits: jax.Array, inner: Inner
) -> Factors:
    reset, candidate, update = _gates(spec, inner.gates)
    opened, gate = jax.nn.sigmoid(reset), jax.nn.sigmoid(update - 1)
    new = jnp.tanh(opened * candidate)
    old = _to_blocks(spec, _masked(deter.astype(jnp.float32), keep))
    into = gate * (1 - new * new)
    slopes = (into * candidate * opened * (1 - opened), into * opened, (new - old) * gate * (1 - gate))
    return Factors(
        embed=nets.norm_silu_factors(inner.embed, weights.embed_scale),
        hidden=tuple(map(nets.norm_silu_factors, inner.hidden, weights.hidden_scale)),
        gates=jnp.stack(slopes, -2),
        stay=_masked((1 - gate).reshape(deter.shape), keep),
        post=tuple(map(nets.norm_silu_factors, inner.post, weights.post_scale)),
        keep=keep,
        probs=jax.nn.softmax(_latents(spec, logits).astype(jnp.float32), -1),
    )


def _pull_state(spec: AgentSpec, weights: Weights, factors: Factors, bar: jax.Array, bar_logit: jax.Array) -> jax.Array:
    """``(∂f/∂m)ᵀ (bar, bar_logit)``: adjoints of one step's results to the adjoint [B, D + S C] of the state before."""
    bar_deter, bar_stoch = _split(spec, bar)
    bar_stoch = _latents(spec, bar_stoch)
    straight = factors.probs * (bar_stoch - (factors.probs * bar_stoch).sum(-1, keepdims=True))
    v = bar_logit + (1 - spec.model.unimix) * straight.reshape(bar_logit.shape)
    v = _product(v.astype(spec.compute), weights.logit.T)
    for pair, (kernel, _) in zip(factors.post[:0:-1], weights.post[::-1], strict=True):
        v = _product(nets.pull_norm_silu(pair, v).astype(spec.compute), kernel.T)
    v = nets.pull_norm_silu(factors.post[0], v)
    bar_deter = bar_deter + _product(v.astype(spec.compute), weights.seen.T)
    v = (factors.gates * _to_blocks(spec, bar_deter)[..., None, :]).reshape(bar_deter.shape[0], -1)
    v = _blocks_back(v.astype(spec.compute), weights.gates)
    for pair, (kernel, _) in zip(factors.hidden[:0:-1], weights.hidden[::-1], strict=True):
        v = _blocks_back(nets.pull_norm_silu(pair, v).astype(spec.compute), kernel)
    v = nets.pull_norm_silu(factors.hidden[0], v).astype(spec.compute)
    both = _product(v, weights.shared.T).reshape(factors.embed[0].shape)
    both = nets.pull_norm_silu(factors.embed, both).reshape(v.shape[0], -1)
    before = _masked(_product(both.astype(spec.compute), weights.embed.T), factors.keep)
    deter, stoch = _split(spec, before)
    deter = deter + _masked(_blocks_back(v, weights.own), factors.keep) + factors.stay * bar_deter
    return jnp.concatenate([deter, stoch], -1)


def _gru(spec: AgentSpec, gates: jax.Array, deter: jax.Array) -> jax.Array:
    reset, candidate, update = _gates(spec, gates)
    candidate = jnp.tanh(jax.nn.sigmoid(reset) * candidate)
    update = jax.nn.sigmoid(update - 1)
    return (update * candidate + (1 - update) * _to_blocks(spec, deter)).reshape(deter.shape)


def _draw(spec: AgentSpec, logit: jax.Array, noise: jax.Array) -> jax.Array:
    """One-hot [..., S C] from logits and Gumbel noise [..., S C]."""
    scores = rssm.latent_dist(spec, _latents(spec, logit)).logits + _latents(spec, noise)
    return jax.nn.one_hot(jnp.argmax(scores, -1), spec.model.classes).reshape(logit.shape)


def _gates(spec: AgentSpec, gates: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Gates [..., 3 D] to reset, candidate and update, [..., K, D / K] each: they are split within a block."""
    split = gates.reshape(*gates.shape[:-1], spec.model.blocks, 3, -1)
    return split[..., 0, :], split[..., 1, :], split[..., 2, :]


def _split(spec: AgentSpec, state: jax.Array) -> tuple[jax.Array, jax.Array]:
    return state[..., : spec.model.deter], state[..., spec.model.deter :]


def _latents(spec: AgentSpec, flat: jax.Array) -> jax.Array:
    return flat.reshape(*flat.shape[:-1], spec.model.stoch, spec.model.classes)


def _to_blocks(spec: AgentSpec, x: jax.Array) -> jax.Array:
    return x.reshape(*x.shape[:-1], spec.model.blocks, -1)


def _masked(x: jax.Array, keep: jax.Array) -> jax.Array:
    return jnp.where(keep, x, 0)


def _product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """In the compute type; sums with other terms are float32."""
    return (x @ kernel).astype(jnp.float32)


def _blocks(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """x [..., K i] times kernel [K, i, o], block by block: [..., K o], float32."""
    return _by_block("kni,kio->kno", x, kernel)


def _blocks_back(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """x [..., K o] times the transposed kernel [K, i, o]: [..., K i], float32."""
    return _by_block("kno,kio->kni", x, kernel)


def _by_block(equation: str, x: jax.Array, kernel: jax.Array) -> jax.Array:
    # Blocks in front, as a batched product wants them: otherwise XLA transposes the result instead, and on a CPU the
    # elementwise work behind it then reads with a stride.
    blocks = kernel.shape[0]
    parts = jnp.swapaxes(x.reshape(-1, blocks, x.shape[-1] // blocks), 0, 1)
    y = jnp.swapaxes(jnp.einsum(equation, parts, kernel), 0, 1)
    return y.reshape(*x.shape[:-1], -1).astype(jnp.float32)
