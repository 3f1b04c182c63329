"""Acting: samples actions from observations and carries the latent state from step to step."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from ..base.pytree import Params, container
from ..base.spec import AgentSpec
from ..model import codec, heads, rssm
from ..model.noise import ActNoise
from ..model.rssm import Action, Latent


@container
class Carry:
    """State of acting between two steps.

    Attributes:
      deter: [E, D], compute type.
      stoch: one-hot [E, S, C], compute type.
      prevaction: last action by key, [E, ...].
    """

    deter: jax.Array
    stoch: jax.Array
    prevaction: Action


def initial_carry(spec: AgentSpec, envs: int) -> Carry:
    """Returns the carry before the first step: zeros."""
    latent = rssm.initial(spec, envs)
    return Carry(
        latent.deter, latent.stoch, {key: _zeros(space.discrete, envs, space.shape) for key, space in spec.act_space}
    )


def act(
    spec: AgentSpec, params: Params, carry: Carry, obs: Mapping[str, jax.Array], noise: ActNoise
) -> tuple[Carry, Action, Latent]:
    """Samples one action per environment, in evaluation too, as the reference does.

    Args:
      spec: the agent.
      params: its parameters.
      carry: from the previous step; rows of environments that begin an episode are ignored.
      obs: observations [E, ...] by key, and ``is_first`` bool [E].
      noise: from `draw_act_noise(spec, key, E)`.

    Returns:
      The next carry; actions [E, ...] by key, continuous ones float32 and possibly beyond 1, discrete ones int32; and
      the latent to store with the transition: deter [E, D], stoch as class indices [E, S] int32.
    """
    reset = obs["is_first"]
    prevaction = rssm.embed_action(spec, carry.prevaction, reset)
    tokens = codec.encode(spec, params, obs)
    latent, _ = rssm.observe_step(spec, params, Latent(carry.deter, carry.stoch), tokens, prevaction, reset, noise.post)
    policy = heads.policy(spec, params, heads.feature(spec, latent.deter, latent.stoch))
    action = {key: dist.sample(noise.action[key]) for key, dist in policy.items()}
    return Carry(latent.deter, latent.stoch, action), action, latent.indices()


def _zeros(discrete: bool, envs: int, shape: tuple[int, ...]) -> jax.Array:
    return jnp.zeros((envs, *shape), jnp.int32 if discrete else jnp.float32)
