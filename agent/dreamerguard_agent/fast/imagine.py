"""Imagination with few kernels. Mirrors `rssm.imagine` with the policy of `heads`: equal states and actions.

No gradient passes through imagination, so nothing is saved for a backward pass. Every step writes its state and
actions in place, batch-major and as a feature of the heads: nothing is transposed or joined afterwards. The loop holds
deter twice, in rows for dense products and in blocks for block-linear ones.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..base.pytree import Params, container
from ..base.spec import AgentSpec
from ..model import heads, nets, products, rssm
from ..model.noise import Noise
from ..model.rssm import Action
from . import core
from .core import CoreWeights, block_product, cut, join, product

#: Output of the policy's first linear layer, [n, units], and the action, by key.
_Acted = tuple[jax.Array, Action]


@container
class ImaginedSequences:
    """Imagined sequences.

    Attributes:
      states: features ``[deter, stoch]`` of the start and the H imagined states, [n, H + 1, F], compute type.
      logit: prior logits of the imagined states, [n, H, S, C].
      action: actions taken in all states, by key, [n, H + 1, ...].
      policy: output of the policy's first linear layer in all states, [n, H + 1, units], compute type.
    """

    states: jax.Array
    logit: jax.Array
    action: Action
    policy: jax.Array


@container
class _State:
    """Deter in rows [n, D] and in blocks [K, n, D / K], stoch [n, S C], and the action taken there, see the result."""

    deter: jax.Array
    blocks: jax.Array
    stoch: jax.Array
    policy: jax.Array
    action: Action


def imagine(spec: AgentSpec, params: Params, start: jax.Array, noise: Noise) -> ImaginedSequences:
    """Imagines H steps from every start state; the policy chooses the actions.

    Args:
      spec: the agent.
      params: its parameters.
      start: features to start from, [n, F].
      noise: ``prior`` [n, H, S, C] and ``action`` [n, H + 1, ...] are read.
    """
    # Cast once, not at every step. Scales of norms are float32 in any compute type.
    params = {path: value if path.endswith("scale") else value.astype(spec.compute) for path, value in params.items()}
    weights = core.core_weights(spec, params)
    start, width, length = start.astype(spec.compute), spec.model.deter, noise.prior.shape[1]
    deter, stoch = start[:, :width], start[:, width:]
    first = _State(deter, cut(deter, spec.model.blocks), stoch, *_act(spec, params, deter, stoch, _at(noise.action, 0)))

    def filled(x: jax.Array) -> jax.Array:
        return jnp.zeros((len(x), length + 1, *x.shape[1:]), x.dtype).at[:, 0].set(x)

    def step(carry: tuple[_State, jax.Array, _Acted], index: jax.Array) -> tuple[Any, jax.Array]:
        state, states, acted = carry
        state, logit = _next(spec, params, weights, state, _at(noise.prior, index), _at(noise.action, index + 1))
        states = _put(_put(states, state.deter, index + 1), state.stoch, index + 1, width)
        acted = jax.tree.map(lambda output, x: _put(output, x, index + 1), acted, (state.policy, state.action))
        return (state, states, acted), logit

    outputs = filled(start), jax.tree.map(filled, (first.policy, first.action))
    (_, states, (policy, action)), logits = jax.lax.scan(step, (first, *outputs), jnp.arange(length))
    return ImaginedSequences(states, jnp.swapaxes(logits, 0, 1), action, policy)


def _next(
    spec: AgentSpec, params: Params, weights: CoreWeights, state: _State, noise: jax.Array, action_noise: Action
) -> tuple[_State, jax.Array]:
    rows = len(state.deter)
    embed = jnp.stack([product(state.deter, weights.deter), product(state.stoch, weights.stoch)], 1)
    both = nets.scaled_norm_silu(embed + weights.embed_bias, weights.embed_scale).astype(spec.compute)
    acted = core.embed_action(params, rssm.embed_action(spec, state.action))
    dense = products.product(jnp.concatenate([both.reshape(rows, -1), acted], -1), weights.dense)
    first = join(block_product(state.blocks, weights.own)) + dense.astype(jnp.float32) + weights.own_bias
    _, gates = core.hidden_sums(spec, weights.hidden, first)
    blocks = core.blend(gates, state.blocks.astype(jnp.float32)).astype(spec.compute)
    deter = join(blocks)
    logit = rssm.prior(spec, params, deter)
    stoch = rssm.latent_dist(spec, logit).draw(noise).astype(spec.compute).reshape(rows, -1)
    return _State(deter, blocks, stoch, *_act(spec, params, deter, stoch, action_noise)), logit


def _act(spec: AgentSpec, params: Params, deter: jax.Array, stoch: jax.Array, noise: Action) -> _Acted:
    kernel = params["pol/mlp/linear0/kernel"]
    sums = products.product(deter, kernel[: spec.model.deter]) + products.product(stoch, kernel[spec.model.deter :])
    sums += params["pol/mlp/linear0/bias"]
    return sums, {key: dist.sample(noise[key]) for key, dist in heads.policy_from(spec, params, sums).items()}


def _at(tree: Any, index: jax.Array | int) -> Any:
    return jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(x, index, 1, keepdims=False), tree)


def _put(output: jax.Array, x: jax.Array, index: jax.Array, column: int = 0) -> jax.Array:
    """Writes x [n, ...] to ``output[:, index, column:]``."""
    return jax.lax.dynamic_update_slice(output, x[:, None], (0, index, column, *[0] * (x.ndim - 2))[: output.ndim])
