"""The sequence model (``dyn``): a block-diagonal GRU over ``deter`` and categorical latents ``stoch``.

This is the readable version, one step at a time::

    deterₜ = core(deterₜ₋₁, stochₜ₋₁, actionₜ₋₁)
    stochₜ ~ posterior(deterₜ, tokensₜ)          while observing
    stochₜ ~ prior(deterₜ)                       while imagining

It follows ``dreamerv3/rssm.py`` of danijar/dreamerv3 at e3f0224; the paper describes it in "World model learning"
(https://arxiv.org/abs/2301.04104).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import jax
import jax.numpy as jnp

from ..base.pytree import Params, container
from ..base.spec import AgentSpec
from . import inputs, nets
from .dists import OneHot
from .nets import Shapes

#: An action by key, each [..., *shape].
Action = dict[str, jax.Array]
_Tree = TypeVar("_Tree")


@container
class Latent:
    """A latent state of the world model.

    Attributes:
      deter: recurrent half, [..., D], compute type.
      stoch: categorical half: one-hot [..., S, C] inside the networks, class indices [..., S] in the replay.
    """

    deter: jax.Array
    stoch: jax.Array

    def indices(self) -> Latent:
        """Converts one-hot stoch [..., S, C] to class indices [..., S] int32, as the replay stores them."""
        return Latent(self.deter, jnp.argmax(self.stoch, -1).astype(jnp.int32))


@container
class Features:
    """Latents of a sequence and the logits they were drawn from: [B, T, D], [B, T, S, C], [B, T, S, C]."""

    deter: jax.Array
    stoch: jax.Array
    logit: jax.Array


def shapes(spec: AgentSpec, token_width: int) -> Shapes:
    """Declares ``dyn`` for tokens of the given width."""
    model = spec.model
    units, hidden, declared = model.deter, model.hidden, Shapes()
    action = sum(space.width for _, space in spec.act_space)
    for index, width in enumerate((units, spec.stoch_width, action)):
        declared |= nets.linear_shapes(f"dyn/dynin{index}", width, hidden)
        declared |= nets.norm_shapes(f"dyn/dynin{index}norm", hidden)
    for index in range(model.dynamics_layers):
        width = units if index else units + 3 * hidden * model.blocks
        declared |= nets.block_linear_shapes(f"dyn/dynhid{index}", width, units, model.blocks)
        declared |= nets.norm_shapes(f"dyn/dynhid{index}norm", units)
    declared |= nets.block_linear_shapes("dyn/dyngru", units, 3 * units, model.blocks)
    for name, width, layers in (
        ("prior", units, model.prior_layers),
        ("obs", units + token_width, model.posterior_layers),
    ):
        for index in range(layers):
            declared |= nets.linear_shapes(f"dyn/{name}{index}", hidden if index else width, hidden)
            declared |= nets.norm_shapes(f"dyn/{name}{index}norm", hidden)
        declared |= nets.linear_shapes(f"dyn/{name}logit", hidden, spec.stoch_width)
    return declared


def initial(spec: AgentSpec, rows: int) -> Latent:
    """Returns the state before the first observation: zeros [rows, D] and [rows, S, C]."""
    stoch = jnp.zeros((rows, spec.model.stoch, spec.model.classes), spec.compute)
    return Latent(jnp.zeros((rows, spec.model.deter), spec.compute), stoch)


def embed_action(spec: AgentSpec, action: Mapping[str, jax.Array], reset: jax.Array | None = None) -> jax.Array:
    """Joins actions by key to one vector [..., A], zero where reset [...], choices included."""
    flat = inputs.concat(spec.act_space, action, spec.compute)
    return flat if reset is None else inputs.mask(flat, ~reset)


def core(spec: AgentSpec, params: Params, deter: jax.Array, stoch: jax.Array, action: jax.Array) -> jax.Array:
    """Computes the next deter [n, D] from deter [n, D], stoch [n, S, C] and joined action [n, A]: one step of the GRU.

    Every block reads its part of deter and all three embedded inputs. Gates are split within a block.
    """
    blocks = spec.model.blocks
    action = action / jax.lax.stop_gradient(jnp.maximum(1, jnp.abs(action)))
    parts = (deter, stoch.reshape(stoch.shape[0], -1), action)
    embedded = [_hidden(params, f"dyn/dynin{index}", part) for index, part in enumerate(parts)]
    shared = jnp.concatenate(embedded, -1)[..., None, :].repeat(blocks, -2)
    x = jnp.concatenate([_to_blocks(deter, blocks), shared], -1).reshape(deter.shape[0], -1)
    for index in range(spec.model.dynamics_layers):
        path = f"dyn/dynhid{index}"
        x = nets.norm_silu(params, f"{path}norm", nets.block_linear(params, path, x))
    gates = jnp.split(_to_blocks(nets.block_linear(params, "dyn/dyngru", x), blocks), 3, -1)
    reset, candidate, update = (gate.reshape(deter.shape) for gate in gates)
    candidate = jnp.tanh(jax.nn.sigmoid(reset) * candidate)
    # The bias of -1 makes a fresh network forget slowly.
    update = jax.nn.sigmoid(update - 1)
    return update * candidate + (1 - update) * deter


def prior(spec: AgentSpec, params: Params, deter: jax.Array) -> jax.Array:
    """Computes logits [..., S, C] of stoch from deter [..., D] alone."""
    x = deter
    for index in range(spec.model.prior_layers):
        x = _hidden(params, f"dyn/prior{index}", x)
    return _logit(spec, params, "dyn/priorlogit", x)


def posterior(spec: AgentSpec, params: Params, deter: jax.Array, tokens: jax.Array) -> jax.Array:
    """Computes logits [..., S, C] of stoch from deter [..., D] and tokens [..., F']."""
    x = jnp.concatenate([deter, tokens], -1)
    for index in range(spec.model.posterior_layers):
        x = _hidden(params, f"dyn/obs{index}", x)
    return _logit(spec, params, "dyn/obslogit", x)


def latent_dist(spec: AgentSpec, logit: jax.Array) -> OneHot:
    """Returns the distribution of stoch, mixed with a share ``model.unimix`` of the uniform distribution."""
    return OneHot.mixed(logit, spec.model.unimix)


def observe_step(
    spec: AgentSpec,
    params: Params,
    carry: Latent,
    tokens: jax.Array,
    action: jax.Array,
    reset: jax.Array,
    noise: jax.Array,
) -> tuple[Latent, jax.Array]:
    """Computes one observed step.

    Args:
      spec: the agent.
      params: its parameters.
      carry: state before, [n, ...]; ignored where reset.
      tokens: tokens of the current observation, [n, F'].
      action: joined action that led to it, [n, A], already zero where reset.
      reset: whether an episode begins here, bool [n].
      noise: Gumbel noise, [n, S, C].

    Returns:
      The state now and the posterior logits [n, S, C].
    """
    deter = core(spec, params, inputs.mask(carry.deter, ~reset), inputs.mask(carry.stoch, ~reset), action)
    logit = posterior(spec, params, deter, tokens)
    stoch = latent_dist(spec, logit).sample(noise).astype(spec.compute)
    return Latent(deter, stoch), logit


def observe(
    spec: AgentSpec,
    params: Params,
    carry: Latent,
    tokens: jax.Array,
    action: Mapping[str, jax.Array],
    reset: jax.Array,
    noise: jax.Array,
) -> tuple[Latent, Features]:
    """Runs `observe_step` over tokens [B, T, F'], actions [B, T, ...], reset [B, T] and noise [B, T, S, C].

    Returns:
      The last state and the features of all T steps.
    """

    def step(carry: Latent, xs: tuple[jax.Array, ...]) -> tuple[Latent, Features]:
        carry, logit = observe_step(spec, params, carry, *xs)
        return carry, Features(carry.deter, carry.stoch, logit)

    carry = jax.tree.map(lambda x: x.astype(spec.compute), carry)
    sequence = (tokens.astype(spec.compute), embed_action(spec, action, reset), reset, noise)
    carry, features = jax.lax.scan(step, carry, _swap(sequence))
    return carry, _swap(features)


def imagine_step(
    spec: AgentSpec, params: Params, latent: Latent, action: jax.Array, noise: jax.Array
) -> tuple[Latent, jax.Array]:
    """Computes one imagined step from latent [n, ...] with joined action [n, A]: next state and prior logits."""
    deter = core(spec, params, latent.deter, latent.stoch, action)
    logit = prior(spec, params, deter)
    return Latent(deter, latent_dist(spec, logit).sample(noise).astype(spec.compute)), logit


def imagine(
    spec: AgentSpec,
    params: Params,
    start: Latent,
    policy: Callable[[Latent, Action], Action],
    noise: jax.Array,
    action_noise: Action,
) -> tuple[Latent, Features, Action]:
    """Imagines H steps from every start state; a policy chooses the actions.

    Args:
      spec: the agent.
      params: its parameters.
      start: states to start from, [n, ...].
      policy: ``policy(latent, noise)`` to an action [n, ...] by key. For given actions, return the noise.
      noise: Gumbel noise of the latents, [n, H, S, C].
      action_noise: noise by action key, [n, H, ...].

    Returns:
      The last state, the features of the H states after the start, and the H actions, each taken before the state
      of the same index.
    """

    def step(latent: Latent, xs: tuple[jax.Array, Action]) -> tuple[Latent, tuple[Features, Action]]:
        action = policy(latent, xs[1])
        latent, logit = imagine_step(spec, params, latent, embed_action(spec, action), xs[0])
        return latent, (Features(latent.deter, latent.stoch, logit), action)

    start = jax.tree.map(lambda x: x.astype(spec.compute), start)
    last, sequence = jax.lax.scan(step, start, _swap((noise, action_noise)))
    features, action = _swap(sequence)
    return last, features, action


def kl_losses(
    spec: AgentSpec, post_logit: jax.Array, prior_logit: jax.Array
) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """Computes both halves of the KL between posterior and prior, with free nats.

    ``dyn = max(free, KL(sg(post) ∥ prior))`` trains the prior, ``rep = max(free, KL(post ∥ sg(prior)))`` the
    posterior; the KL is summed over the S latents before it is compared with ``loss.free_nats``.

    Returns:
      Losses ``dyn`` and ``rep`` [...], and the metrics ``dyn_ent`` and ``rep_ent``.
    """
    stop = jax.lax.stop_gradient
    post, prior_dist = latent_dist(spec, post_logit), latent_dist(spec, prior_logit)
    dyn = latent_dist(spec, stop(post_logit)).kl(prior_dist).sum(-1)
    rep = post.kl(latent_dist(spec, stop(prior_logit))).sum(-1)
    free = spec.loss.free_nats
    if free:
        dyn, rep = jnp.maximum(dyn, free), jnp.maximum(rep, free)
    entropies = {"dyn_ent": prior_dist.entropy().sum(-1).mean(), "rep_ent": post.entropy().sum(-1).mean()}
    return {"dyn": dyn, "rep": rep}, entropies


def _hidden(params: Params, path: str, x: jax.Array) -> jax.Array:
    return nets.norm_silu(params, f"{path}norm", nets.linear(params, path, x))


def _logit(spec: AgentSpec, params: Params, path: str, x: jax.Array) -> jax.Array:
    return nets.linear(params, path, x, (spec.model.stoch, spec.model.classes))


def _to_blocks(x: jax.Array, blocks: int) -> jax.Array:
    return x.reshape(*x.shape[:-1], blocks, -1)


def _swap(tree: _Tree) -> _Tree:
    """Swaps batch-major and time-major."""
    return jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), tree)
