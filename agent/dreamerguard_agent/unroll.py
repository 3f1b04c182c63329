"""The posterior scan, arranged for few and large kernels: the same function as `rssm.observe`, the same gradients.

A scan over T steps is bound by how many kernels one step launches, not by arithmetic. So only what recurs stays inside.

*Forward.* With ``keepₜ`` zero where an episode begins and deter cut into the K blocks of the core, one step is::

    [pₜ | eₜ | zₜ] = deterₜ₋₁ ⊙ [U | E | O]                    look; e and z are summed over blocks
    logitₜ₋₁ = φ(zₜ + oₜ₋₁) L + b_l                            oₜ₋₁ is the share of the tokens
    stochₜ₋₁ = onehot argmax(log mix(logitₜ₋₁) + noiseₜ₋₁)
    xₜ = keepₜ (eₜ, stochₜ₋₁ F) + bₑ                           move
    yₜ = keepₜ pₜ + φ(xₜ) V + aₜ                               aₜ is the share of the action
    deterₜ = gru(φ(yₜ) ⊙ G + b_g, keepₜ deterₜ₋₁)

where φ is RMS norm and SiLU. A step begins with the posterior of the step before, so that everything that deter is
multiplied with is one product, and the loop carries deter alone. ``aₜ`` and ``oₜ`` depend on no state: two products
over all T steps compute them before the loop, and autodiff takes care of everything behind them. Masking rows commutes
with a product, so it costs no kernel. The logits are read off all states at once afterwards.

*Backward.* Let ``dₜ``, ``sₜ``, ``ℓₜ`` be what the rest of the loss sends to ``deterₜ``, ``stochₜ`` and ``logitₜ``. The
adjoint ``λₜ = dLoss/ddeterₜ`` obeys the linear recursion ::

    (πₜ, εₜ, σₜ) = (∂move/∂(pₜ, eₜ, stochₜ₋₁))ᵀ λₜ
    ζₜ = (∂logit/∂z)ᵀ [ℓₜ₋₁ + (∂probs/∂logit)ᵀ (sₜ₋₁ + σₜ)]     the draw passes gradients straight
    λₜ₋₁ = dₜ₋₁ + keepₜ (1 - updateₜ) λₜ + [πₜ | εₜ | ζₜ] ⊙ [U | E | O]ᵀ

Autodiff of a scan would also add up θ's gradient inside the loop, one thin product per weight and step, and save every
intermediate of every step, one slice update each. Here the loop computes λ only. All states are known by then, so
every elementwise factor of the Jacobians is computed beforehand, for all steps at once, from a second evaluation of
look and move over T B rows. And because the steps are independent once the λ are known, θ's gradient is an ordinary
vector-Jacobian product of that evaluation: each weight receives one product over T B rows. So the two loops save one
array per step each, states forward and adjoints backward, and ``bar`` variables below are adjoints.

Arrays are time-major inside, [T, B, ...]; sums before a norm or a gate are float32 in any compute type. In bfloat16
they are therefore rounded less often than in `rssm.observe`, and agree with it to that type's precision only.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from . import cell, nets, rssm
from .cell import CoreWeights, HiddenWeights, block_product, block_product_back, cut, join, product
from .pytree import Params, container
from .rssm import Features, Latent
from .spec import AgentSpec

_Pair = tuple[jax.Array, jax.Array]
_Triple = tuple[jax.Array, jax.Array, jax.Array]
#: Steps in one round of a loop: its counter and the copy of what it carries are kernels, too.
_UNROLL = 2


@container
class Weights:
    """θ: the parameters that recur, kernels in the compute type, biases and scales float32.

    Attributes:
      look: ``[U | E | O]`` of every block, all that is multiplied with deter, [K, D / K, D / K + 2 h].
      embed_bias, embed_scale: of the embeddings of deter and stoch, [2, h].
      stoch: F, [S C, h].
      shared: V, [2 h, D].
      hidden: G and further layers of the core.
      post: further layers of the posterior, (kernel [h, h], bias [h]) each; scales [h] of all their norms.
      logit: L, [h, S C] and bias [S C].
    """

    look: jax.Array
    embed_bias: jax.Array
    embed_scale: jax.Array
    stoch: jax.Array
    shared: jax.Array
    hidden: HiddenWeights
    post: tuple[_Pair, ...]
    post_scale: tuple[jax.Array, ...]
    logit: jax.Array
    logit_bias: jax.Array


@container
class Inputs:
    """What the steps read besides the state: ``a`` [..., D], ``o`` [..., h], float32, and ``keep`` bool [..., 1]."""

    action: jax.Array
    tokens: jax.Array
    keep: jax.Array


@container
class Ahead:
    """What deter brings into the next step: ``deter ⊙ U`` [K, n, D / K] and ``deter E`` [n, h], float32."""

    own: jax.Array
    embed: jax.Array


@container
class Seen:
    """The posterior of a state: sums in front of its norms, [n, h] float32, and logits [n, S C], compute type."""

    sums: tuple[jax.Array, ...]
    logit: jax.Array


@container
class Moved:
    """The next deter [K, n, D / K], and the sums in front of every norm and gate on the way, float32."""

    deter: jax.Array
    embed: jax.Array
    hidden: tuple[jax.Array, ...]
    gates: jax.Array


@container
class MoveFactors:
    """The elementwise parts of the Jacobian of `_move`, float32, of one step or, with T behind K, of all.

    Attributes:
      embed, hidden: pairs for `nets.pull_norm_silu`, of every norm.
      keep: bool [B, 1].
      gates: derivatives of the new deter by the sums of the gates, [K, B, 3 D / K].
      stay: derivative of the new deter by the old one, past all products, [K, B, D / K].
    """

    embed: _Pair
    hidden: tuple[_Pair, ...]
    keep: jax.Array
    gates: jax.Array
    stay: jax.Array

    def at(self, index: jax.Array) -> MoveFactors:
        """Those of one step."""
        embed, hidden, keep = _at((self.embed, self.hidden, self.keep), index)
        return MoveFactors(embed, hidden, keep, *_at((self.gates, self.stay), index, 1))


@container
class LookFactors:
    """The elementwise parts of the Jacobian of `_look` and the draw: pairs of every norm, and the softmax [n, S, C]."""

    post: tuple[_Pair, ...]
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
    core, seen = cell.core_weights(spec, params), cell.kernel(spec, params, "obs0")
    embedded = cell.embed_action(params, _rows(_time_major(rssm.embed_action(spec, action, reset))))
    tokens = _rows(_time_major(tokens.astype(spec.compute)))
    shares = (
        product(embedded, core.dense[2 * spec.model.hidden :]) + core.own_bias,
        product(tokens, seen[spec.model.deter :]) + params["dyn/obs0/bias"],
    )
    shares = _steps(shares, len(reset))
    inputs = Inputs(shares[0], shares[1], ~reset.T[..., None])
    start = cut(carry.deter.astype(spec.compute), spec.model.blocks), _flat(carry.stoch).astype(spec.compute)
    weights = _weights(spec, params, core, seen[: spec.model.deter])
    blocks, stoch, logit = _scan(spec, weights, start, inputs, _flat(_time_major(noise)))
    deter = jnp.concatenate([_time_major(blocks[:, k]) for k in range(spec.model.blocks)], -1)
    stoch, logit = (_latents(spec, _time_major(x)) for x in (stoch, logit))
    return Latent(deter[:, -1], stoch[:, -1]), Features(deter, stoch, logit)


def _weights(spec: AgentSpec, params: Params, core: CoreWeights, seen: jax.Array) -> Weights:
    model = spec.model
    dense = (kernel.reshape(model.blocks, -1, model.hidden) for kernel in (core.deter, seen))
    return Weights(
        look=jnp.concatenate([core.own, *dense], -1),
        embed_bias=core.embed_bias,
        embed_scale=core.embed_scale,
        stoch=core.stoch,
        shared=core.dense[: 2 * model.hidden],
        hidden=core.hidden,
        post=cell.layers(spec, params, "obs", model.posterior_layers),
        post_scale=cell.scales(params, "obs", model.posterior_layers),
        logit=cell.kernel(spec, params, "obslogit"),
        logit_bias=params["dyn/obslogit/bias"],
    )


def _look(spec: AgentSpec, weights: Weights, deter: jax.Array, tokens: jax.Array) -> tuple[Ahead, Seen]:
    """The first half of a step: what depends on deter [K, n, D / K] and tokens [n, h] alone."""
    width, hidden = deter.shape[-1], spec.model.hidden
    own, embed, seen = jnp.split(block_product(deter, weights.look), [width, width + hidden], -1)
    sums = [_over_blocks(seen) + tokens]
    for (kernel, bias), scale in zip(weights.post, weights.post_scale[:-1], strict=True):
        sums.append(product(nets.scaled_norm_silu(sums[-1], scale).astype(spec.compute), kernel) + bias)
    last = nets.scaled_norm_silu(sums[-1], weights.post_scale[-1]).astype(spec.compute)
    logit = (product(last, weights.logit) + weights.logit_bias).astype(spec.compute)
    return Ahead(own, _over_blocks(embed)), Seen(tuple(sums), logit)


def _move(
    spec: AgentSpec, weights: Weights, ahead: Ahead, deter: jax.Array, stoch: jax.Array, inputs: tuple[jax.Array, ...]
) -> Moved:
    """The second half: deter [K, n, D / K], stoch [n, S C], and action [n, D] and keep [n, 1], to the next deter."""
    action, keep = inputs
    embed = jnp.stack([ahead.embed, product(stoch, weights.stoch)], 1)
    embed = _masked(embed, keep[..., None]) + weights.embed_bias
    both = nets.scaled_norm_silu(embed, weights.embed_scale).reshape(len(stoch), -1).astype(spec.compute)
    first = _masked(join(ahead.own), keep) + product(both, weights.shared) + action
    hidden, gates = cell.hidden_sums(spec, weights.hidden, first)
    deter = cell.blend(gates, _masked(deter, keep).astype(jnp.float32)).astype(spec.compute)
    return Moved(deter, embed, hidden, gates)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scan(spec: AgentSpec, weights: Weights, start: _Pair, inputs: Inputs, noise: jax.Array) -> _Triple:
    """Deter [T, K, B, D / K], stoch and logits [T, B, S C] from the state before and noise [T, B, S C]."""

    def step(deter: jax.Array, index: jax.Array) -> tuple[jax.Array, jax.Array]:
        # The first state is given; every other is drawn where the step after it begins.
        seen = jnp.maximum(index - 1, 0)
        ahead, post = _look(spec, weights, deter, _at(inputs.tokens, seen))
        stoch = jnp.where(index == 0, start[1], _draw(spec, post.logit, _at(noise, seen)))
        deter = _move(spec, weights, ahead, deter, stoch, _at((inputs.action, inputs.keep), index)).deter
        return deter, jnp.concatenate([deter.reshape(-1), stoch.reshape(-1)])

    _, packed = jax.lax.scan(step, start[0], jnp.arange(len(noise)), unroll=_UNROLL)
    deter, before = jnp.split(packed, [start[0].size], -1)
    deter = deter.reshape(-1, *start[0].shape)
    _, post = _look_all(spec, weights, start[0], deter, inputs.tokens)
    logit = post.logit.reshape(-1, *noise.shape[1:])[1:]
    last = _draw(spec, logit[-1:], noise[-1:])
    return deter, jnp.concatenate([before.reshape(noise.shape)[1:], last]), logit


def _look_all(
    spec: AgentSpec, weights: Weights, start: jax.Array, deter: jax.Array, tokens: jax.Array
) -> tuple[Ahead, Seen]:
    """`_look` at the start [K, B, D / K] and the T states after it, (T + 1) B rows. The start saw no tokens: any do."""
    return _look(spec, weights, _block_rows(_behind(start, deter)), _rows(_behind(tokens[0], tokens)))


def _draw(spec: AgentSpec, logit: jax.Array, noise: jax.Array) -> jax.Array:
    drawn = rssm.latent_dist(spec, _latents(spec, logit)).draw(_latents(spec, noise))
    return _flat(drawn).astype(spec.compute)


def _forward(
    spec: AgentSpec, weights: Weights, start: _Pair, inputs: Inputs, noise: jax.Array
) -> tuple[_Triple, tuple[Weights, _Pair, Inputs, jax.Array, jax.Array]]:
    deter, stoch, logit = _scan(spec, weights, start, inputs, noise)
    return (deter, stoch, logit), (weights, start, inputs, deter, stoch)


def _backward(
    spec: AgentSpec, saved: tuple[Weights, _Pair, Inputs, jax.Array, jax.Array], bars: _Triple
) -> tuple[Weights, _Pair, Inputs, None]:
    weights, start, inputs, deter, stoch = saved
    rows, onehot = stoch.shape[1], _rows(stoch)
    before, keep = _block_rows(_behind(start[0], deter[:-1])), _rows(inputs.keep)

    def every_step(weights: Weights, first: jax.Array, action: jax.Array, tokens: jax.Array) -> tuple[_Triple, Any]:
        ahead, post = _look_all(spec, weights, start[0], deter, tokens)
        logit = post.logit[rows:]
        probs = jax.nn.softmax(rssm.latent_dist(spec, _latents(spec, logit)).logits, -1)
        drawn = onehot + (_flat(probs) - jax.lax.stop_gradient(_flat(probs))).astype(onehot.dtype)
        ahead = Ahead(ahead.own[:, :-rows], ahead.embed[:-rows])
        earlier = jnp.concatenate([first, drawn[:-rows]])
        moved = _move(spec, weights, ahead, before, earlier, (_rows(action), keep))
        return (moved.deter, drawn, logit), (moved, Seen(tuple(x[rows:] for x in post.sums), logit))

    _, pull, (moved, post) = jax.vjp(every_step, weights, start[1], inputs.action, inputs.tokens, has_aux=True)
    move, look = _move_factors(weights, moved, before, keep, rows), _look_factors(spec, weights, post, rows)
    adjoints = _adjoints(spec, weights, move, look, bars)
    bar_deter = _block_rows(adjoints[1:]).astype(deter.dtype)
    bar_weights, bar_first, bar_action, bar_tokens = pull((bar_deter, _rows(bars[1]), _rows(bars[2])))
    return bar_weights, (adjoints[0].astype(deter.dtype), bar_first), Inputs(bar_action, bar_tokens, None), None


_scan.defvjp(_forward, _backward)


def _move_factors(weights: Weights, moved: Moved, old: jax.Array, keep: jax.Array, rows: int) -> MoveFactors:
    """From sums of T B rows and the deter [K, T B, D / K] before, to factors of T steps of B rows."""
    slope, stay = cell.blend_slopes(moved.gates, _masked(old, keep).astype(jnp.float32))
    pairs = (
        nets.norm_silu_factors(moved.embed, weights.embed_scale),
        tuple(map(nets.norm_silu_factors, moved.hidden, weights.hidden.scales)),
        keep,
    )
    blocks = (x.reshape(len(x), -1, rows, x.shape[-1]) for x in (slope, _masked(stay, keep)))
    return MoveFactors(*_steps(pairs, rows), *blocks)


def _look_factors(spec: AgentSpec, weights: Weights, post: Seen, rows: int) -> LookFactors:
    """From sums and logits of T B rows, to factors of T steps of B rows."""
    pairs = tuple(map(nets.norm_silu_factors, post.sums, weights.post_scale))
    probs = jax.nn.softmax(_latents(spec, post.logit).astype(jnp.float32), -1)
    return LookFactors(*_steps((pairs, probs), rows))


def _adjoints(spec: AgentSpec, weights: Weights, move: MoveFactors, look: LookFactors, bars: _Triple) -> jax.Array:
    """λ of the start and of all T states, [T + 1, K, B, D / K] float32."""
    length = len(bars[1])

    def step(bar: jax.Array, index: jax.Array) -> tuple[jax.Array, jax.Array]:
        # From the adjoint of state `index` to that of the one before. Behind the last state is nothing: its move is
        # pulled back from 0. The start was neither drawn nor seen.
        factors, seen = move.at(jnp.minimum(index, length - 1)), jnp.maximum(index - 1, 0)
        own, embed = _pull_move(spec, weights, factors, bar)
        sent = _at(bars, seen)
        bar_stoch = sent[1] + product(embed[:, 1], weights.stoch.T)
        post = _pull_look(spec, weights, _at(look, seen), bar_stoch, sent[2])
        drawn = index > 0
        dense = jnp.concatenate([embed[:, 0], jnp.where(drawn, post, 0).astype(spec.compute)], -1)
        dense = jnp.broadcast_to(dense, (len(own), *dense.shape))
        through = block_product_back(jnp.concatenate([own, dense], -1), weights.look)
        bar = jnp.where(drawn, sent[0], 0) + factors.stay * bar + through
        return bar, bar

    zero = jnp.zeros(bars[0].shape[1:], jnp.float32)
    return jax.lax.scan(step, zero, jnp.arange(length + 1), reverse=True, unroll=_UNROLL)[1]


def _pull_move(spec: AgentSpec, weights: Weights, factors: MoveFactors, bar: jax.Array) -> _Pair:
    """Adjoint of the new deter to those of ``Ahead.own`` [K, B, D / K] and both embeddings [B, 2, h], compute type."""
    hidden, blocks = weights.hidden, spec.model.blocks
    v = block_product_back(cell.pull_blend(factors.gates, bar).astype(spec.compute), hidden.gates)
    for pair, (kernel, _) in zip(factors.hidden[:0:-1], hidden.layers[::-1], strict=True):
        v = nets.pull_norm_silu(pair, join(v)).astype(spec.compute)
        v = block_product_back(cut(v, blocks), kernel)
    v = nets.pull_norm_silu(factors.hidden[0], join(v)).astype(spec.compute)
    both = product(v, weights.shared.T).reshape(factors.embed[0].shape)
    both = _masked(nets.pull_norm_silu(factors.embed, both), factors.keep[..., None])
    return cut(_masked(v, factors.keep), blocks), both.astype(spec.compute)


def _pull_look(
    spec: AgentSpec, weights: Weights, factors: LookFactors, bar_stoch: jax.Array, bar_logit: jax.Array
) -> jax.Array:
    """Adjoints of stoch and logits [B, S C] to that of the first sums of the posterior, [B, h] float32."""
    bar_stoch = _latents(spec, bar_stoch)
    straight = factors.probs * (bar_stoch - (factors.probs * bar_stoch).sum(-1, keepdims=True))
    v = product((bar_logit + (1 - spec.model.unimix) * _flat(straight)).astype(spec.compute), weights.logit.T)
    for pair, (kernel, _) in zip(factors.post[:0:-1], weights.post[::-1], strict=True):
        v = product(nets.pull_norm_silu(pair, v).astype(spec.compute), kernel.T)
    return nets.pull_norm_silu(factors.post[0], v)


def _at(tree: Any, index: jax.Array, axis: int = 0) -> Any:
    return jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(x, index, axis, keepdims=False), tree)


def _over_blocks(x: jax.Array) -> jax.Array:
    """The sum over K of [K, n, h]. As additions, which fuse with what follows; a reduction does not."""
    return functools.reduce(jnp.add, x)


def _behind(first: jax.Array, others: jax.Array) -> jax.Array:
    """One step in front of others."""
    return jnp.concatenate([first[None].astype(others.dtype), others])


def _time_major(x: jax.Array) -> jax.Array:
    return jnp.swapaxes(x, 0, 1)


def _rows(x: jax.Array) -> jax.Array:
    """Steps [T, B, ...] to rows [T B, ...]."""
    return x.reshape(-1, *x.shape[2:])


def _block_rows(x: jax.Array) -> jax.Array:
    """Steps [T, K, B, i] to rows [K, T B, i]."""
    return jnp.swapaxes(x, 0, 1).reshape(x.shape[1], -1, x.shape[-1])


def _steps(tree: Any, rows: int) -> Any:
    """Rows [T B, ...] to steps [T, B, ...]."""
    return jax.tree.map(lambda x: x.reshape(-1, rows, *x.shape[1:]), tree)


def _latents(spec: AgentSpec, flat: jax.Array) -> jax.Array:
    return flat.reshape(*flat.shape[:-1], spec.model.stoch, spec.model.classes)


def _flat(latents: jax.Array) -> jax.Array:
    return latents.reshape(*latents.shape[:-2], -1)


def _masked(x: jax.Array, keep: jax.Array) -> jax.Array:
    return jnp.where(keep, x, 0)
