"""The compiled programs of a run: act, insert, update. Compiled ahead of time, so that nothing compiles later.

Random keys are folded from an agent's seed, a stream number and a counter: a resumed run needs integers only, and the
randomness of acting does not depend on how many updates happened in between.

A run has one agent or several, with a seed each. The programs of one agent have no axis for that; those of N agents are
the same functions under `jax.vmap`, and everything that an agent owns gets a leading axis N: learner, replay, carry,
observations, actions, windows and metrics. Counters are shared, since all agents step and train in lockstep. Seeds are
arguments, so that one compiled program serves any of them.

Every transfer to the device is asked for by `jax.device_put`, so that all of this runs under
``jax.transfer_guard("disallow")``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..algorithm import actor, learner
from ..algorithm.actor import Carry
from ..algorithm.learner import Metrics, TrainState
from ..base.spec import AgentSpec
from ..model.noise import draw_act_noise, draw_noise
from ..replay import ring as replay_ring
from ..replay.ring import Latents, Replay
from .device import compile_program

#: Streams of randomness within one seed.
INIT, ACT, UPDATE = 0, 1, 2
#: Most updates of one call on an accelerator; fewer launches, the same results.
MOST_UPDATES = 16

Notify = Callable[[str], None]


def seed_key(seed: Any, stream: int) -> jax.Array:
    """The key of one stream of randomness of an agent, whose seed may be traced (uint32, the same bits)."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def place_seeds(seeds: Sequence[int]) -> jax.Array:
    """Seeds as the programs take them: uint32 [] of one agent, [N] of several."""
    placed: jax.Array = jax.device_put(np.uint32(seeds[0]) if len(seeds) == 1 else np.asarray(seeds, np.uint32))
    return placed


def for_agents(function: Callable[..., Any], agents: int, axes: tuple[int | None, ...]) -> Callable[..., Any]:
    """``function`` of one agent as one of ``agents`` agents.

    Args:
      function: of one agent.
      agents: N; with one, ``function`` stays as it is.
      axes: of every argument, 0 where each agent has its own and None where they share it.
    """
    return function if agents == 1 else jax.vmap(function, in_axes=axes)


def initial_state(spec: AgentSpec, seeds: Sequence[int]) -> TrainState:
    """Fresh agents, one per seed."""

    def init(seed: jax.Array) -> TrainState:
        return learner.init_train_state(spec, seed_key(seed, INIT))

    state: TrainState = jax.jit(for_agents(init, len(seeds), (0,)))(place_seeds(seeds))
    return state


def initial_carry(spec: AgentSpec, agents: int, envs: int) -> Carry:
    """The carry of every agent before its first step: all zeros."""
    carry = actor.initial_carry(spec, envs)
    return carry if agents == 1 else jax.tree.map(lambda x: jnp.zeros((agents, *x.shape), x.dtype), carry)


def by_agent(values: Mapping[str, Any], agents: int) -> dict[str, Any]:
    """Values of all environments [N E, ...] as those of each agent's: [N, E, ...], of one agent [E, ...]."""
    if agents == 1:
        return dict(values)
    return {key: value.reshape(agents, -1, *value.shape[1:]) for key, value in values.items()}


def by_env(values: Mapping[str, Any], agents: int) -> dict[str, Any]:
    """The inverse of `by_agent`."""
    if agents == 1:
        return dict(values)
    return {key: value.reshape(-1, *value.shape[2:]) for key, value in values.items()}


def act(
    spec: AgentSpec, seed: Any, params: Any, carry: Carry, obs: Mapping[str, Any], count: Any
) -> tuple[Carry, dict[str, jax.Array], Latents]:
    """Chooses actions [E, ...] of one agent; ``count`` is the number of the acting step."""
    key = jax.random.fold_in(seed_key(seed, ACT), count)
    noise = draw_act_noise(spec, key, obs["is_first"].shape[0])
    carry, action, latent = actor.act(spec, params, carry, obs, noise)
    return carry, action, Latents(latent.deter, latent.stoch)


def act_for_agents(spec: AgentSpec, agents: int) -> Callable[..., Any]:
    """`act` of ``agents`` agents, to be compiled: from seeds, parameters, carry, observations and count."""
    return for_agents(partial(act, spec), agents, (0, 0, 0, 0, None))


def update(
    spec: AgentSpec, length: int, seed: Any, state: TrainState, ring: Replay, indices: Any, stored: Any
) -> tuple[TrainState, Replay, Metrics]:
    """K updates of one agent, one after the other: each reads the latents that the one before it wrote back.

    Args:
      spec: the agent.
      length: T, trained steps of a window.
      seed: seed of the agent, uint32.
      state: learner; donate it.
      ring: replay; donate it.
      indices: windows, int32 [K, B, 2].
      stored: records that every stream has stored so far.

    Returns:
      The learner, the replay, and the metrics summed over the K updates, with their number as ``count``.
    """

    def one(carry: tuple[TrainState, Replay], chosen: jax.Array) -> tuple[tuple[TrainState, Replay], Metrics]:
        state, ring = carry
        key = jax.random.fold_in(seed_key(seed, UPDATE), state.step)
        windows = replay_ring.gather(ring, chosen, length + 1)
        batch = {**windows.records, "context": actor.Latent(windows.context.deter, windows.context.stoch)}
        state, latents, metrics = learner.update(spec, state, batch, draw_noise(spec, key, len(chosen), length))
        ring = replay_ring.write_back(ring, chosen, Latents(latents.deter, latents.stoch), stored)
        return (state, ring), {**metrics, "count": jnp.ones(())}

    if len(indices) == 1:  # a loop of one would only hide the program's parallel parts from XLA on a CPU
        (state, ring), sums = one((state, ring), indices[0])
    else:
        (state, ring), metrics = jax.lax.scan(one, (state, ring), indices)
        sums = jax.tree.map(lambda values: values.sum(0), metrics)
    return state, ring, sums


class Programs:
    """The programs of one run, compiled for its shapes.

    Args:
      spec: the agent.
      seeds: of its agents.
      state: the learner, for its shapes.
      ring: the replay, for its shapes.
      obs: one observation of all environments on the device, for its shapes.
      batch: B, windows of an update; length: T.
      most: most updates that fall due at one vector step.
      notify: told before every compilation.
    """

    def __init__(
        self,
        spec: AgentSpec,
        seeds: Sequence[int],
        state: TrainState,
        ring: Replay,
        obs: Mapping[str, Any],
        *,
        batch: int,
        length: int,
        most: int,
        notify: Notify,
    ) -> None:
        self._notify, agents = notify, len(seeds)
        self._seeds = place_seeds(seeds)
        carry = initial_carry(spec, agents, obs["is_first"].shape[-1])
        chosen = act_for_agents(spec, agents)
        arguments = self._seeds, state.params, carry, obs, np.uint32(0)
        notify("compiling the policy")
        self._act = compile_program(jax.jit(chosen).lower(*arguments))
        _, action, latents = jax.eval_shape(chosen, *arguments)
        notify("compiling the replay")
        insert = jax.jit(for_agents(replay_ring.insert, agents, (0, 0, 0, 0, None)), donate_argnums=0)
        self._insert = compile_program(insert.lower(ring, obs, action, latents, np.int32(0)))
        trained = for_agents(partial(update, spec, length), agents, (0, 0, 0, 0, None))
        self._update = jax.jit(trained, donate_argnums=(1, 2))
        axes = () if agents == 1 else (agents,)
        sizes = {1} if jax.default_backend() == "cpu" else {1, min(MOST_UPDATES, 2 ** max(0, most.bit_length() - 1))}
        lowered = {size: self._lower_update((*axes, size, batch, 2), state, ring) for size in sorted(sizes)[::-1]}
        metrics = lowered[1].out_info[2]
        self._add = compile_program(jax.jit(partial(jax.tree.map, jnp.add)).lower(metrics, metrics))
        self._updates = {size: self._compile_update(program) for size, program in lowered.items()}

    def act(self, params: Any, carry: Carry, obs: Mapping[str, jax.Array], count: int) -> Any:
        """Chooses actions; returns at once, the actions are device arrays."""
        return self._act(self._seeds, params, carry, obs, jax.device_put(np.uint32(count)))

    def insert(
        self, ring: Replay, obs: Mapping[str, jax.Array], action: Any, latents: Latents, position: int
    ) -> Replay:
        """Stores one record per environment."""
        stored: Replay = self._insert(ring, obs, action, latents, jax.device_put(np.int32(position)))
        return stored

    def update(
        self, state: TrainState, ring: Replay, indices: np.ndarray[Any, Any], stored: int, sums: Metrics | None
    ) -> tuple[TrainState, Replay, Metrics | None]:
        """Does as many updates as ``indices`` [K, B, 2] or [N, K, B, 2] has batches, in calls of the compiled sizes.

        ``sums`` are metrics of earlier updates, to which those of these are added.
        """
        done, due = 0, indices.shape[-3]
        count = jax.device_put(np.int32(stored))
        while done < due:
            size = next(size for size in self._updates if size <= due - done)
            chosen = jax.device_put(indices[..., done : done + size, :, :])
            state, ring, more = self._updates[size](self._seeds, state, ring, chosen, count)
            sums = more if sums is None else self._add(sums, more)
            done += size
        return state, ring, sums

    def _lower_update(self, shape: tuple[int, ...], state: TrainState, ring: Replay) -> Any:
        return self._update.lower(self._seeds, state, ring, jax.ShapeDtypeStruct(shape, jnp.int32), np.int32(0))

    def _compile_update(self, lowered: Any) -> Any:
        self._notify("compiling the update, the longest part")
        return compile_program(lowered)
