"""Imagination arranged for speed: the same states and actions as `rssm.imagine` with the policy of `heads`.

No gradient passes through imagination, so that nothing is saved for one. The state is packed, ``m = [deter, stoch]``,
which is a feature of the heads already, and every step writes its state and actions in place, batch-major: nothing is
transposed or joined afterwards.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from . import cell, heads, nets, rssm
from .cell import CoreWeights, block_product, cut, join, product
from .noise import Noise
from .pytree import Params, container
from .rssm import Action
from .spec import AgentSpec


@container
class Dream:
    """Imagined sequences.

    Attributes:
      states: features ``[deter, stoch]`` of the start and the H imagined states, [n, H + 1, F], compute type.
      logit: prior logits of the imagined states, [n, H, S, C].
      action: actions taken in all states, by key, [n, H + 1, ...].
    """

    states: jax.Array
    logit: jax.Array
    action: Action


def dream(spec: AgentSpec, params: Params, start: jax.Array, noise: Noise) -> Dream:
    """Lets the policy act in imagination.

    Args:
      spec: the agent.
      params: its parameters.
      start: features to start from, [n, F].
      noise: ``prior`` [n, H, S, C] and ``action`` [n, H + 1, ...] are read.
    """
    # Cast once, not at every step. Scales of norms are float32 in any compute type.
    params = {path: value if path.endswith("scale") else value.astype(spec.compute) for path, value in params.items()}
    weights = cell.core_weights(spec, params)
    start, length = start.astype(spec.compute), noise.prior.shape[1]
    first = _act(spec, params, start, noise.action, 0)

    def room(x: jax.Array) -> jax.Array:
        return jnp.zeros((len(x), length + 1, *x.shape[1:]), x.dtype).at[:, 0].set(x)

    def step(carry: tuple[jax.Array, Action, jax.Array, Action], index: jax.Array) -> tuple[Any, jax.Array]:
        state, action, states, actions = carry
        state, logit = _next(spec, params, weights, state, action, _at(noise.prior, index))
        action = _act(spec, params, state, noise.action, index + 1)
        states = _put(states, state, index + 1)
        return (state, action, states, {key: _put(actions[key], action[key], index + 1) for key in action}), logit

    rooms = room(start), jax.tree.map(room, first)
    (_, _, states, actions), logits = jax.lax.scan(step, (start, first, *rooms), jnp.arange(length))
    return Dream(states, jnp.swapaxes(logits, 0, 1), actions)


def _next(
    spec: AgentSpec, params: Params, weights: CoreWeights, state: jax.Array, action: Action, noise: jax.Array
) -> tuple[jax.Array, jax.Array]:
    deter, stoch = state[:, : spec.model.deter], state[:, spec.model.deter :]
    embed = jnp.stack([product(deter, weights.deter), product(stoch, weights.stoch)], 1) + weights.embed_bias
    both = nets.scaled_norm_silu(embed, weights.embed_scale).astype(spec.compute).reshape(len(state), -1)
    acted = cell.embed_action(params, rssm.embed_action(spec, action))
    dense = jnp.concatenate([both, acted], -1) @ jnp.concatenate([weights.shared, weights.action])
    old = cut(deter, spec.model.blocks)
    first = join(block_product(old, weights.own)) + dense.astype(jnp.float32) + weights.own_bias
    _, gates = cell.hidden_sums(spec, weights.hidden, first)
    deter = join(cell.blend(gates, old.astype(jnp.float32))).astype(spec.compute)
    logit = rssm.prior(spec, params, deter)
    drawn = rssm.latent_dist(spec, logit).draw(noise).astype(spec.compute)
    return jnp.concatenate([deter, drawn.reshape(len(state), -1)], -1), logit


def _act(spec: AgentSpec, params: Params, state: jax.Array, noise: Action, index: jax.Array | int) -> Action:
    return {key: dist.sample(_at(noise[key], index)) for key, dist in heads.policy(spec, params, state).items()}


def _at(x: jax.Array, index: jax.Array | int) -> jax.Array:
    return jax.lax.dynamic_index_in_dim(x, index, 1, keepdims=False)


def _put(room: jax.Array, x: jax.Array, index: jax.Array) -> jax.Array:
    return jax.lax.dynamic_update_index_in_dim(room, x, index, 1)
