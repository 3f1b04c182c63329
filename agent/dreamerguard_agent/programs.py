"""The compiled programs of a run: act, insert, update. Compiled ahead of time, so that nothing compiles later.

Random keys are folded from the run's seed, a stream number and a counter: a resumed run needs integers only, and the
randomness of acting does not depend on how many updates happened in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import actor, learner, replay
from .actor import Carry
from .learner import Metrics, TrainState
from .noise import draw_act_noise, draw_noise
from .replay import Latents, Replay
from .spec import AgentSpec

#: Streams of randomness within one seed.
INIT, ACT, UPDATE = 0, 1, 2
#: Most updates of one call on an accelerator; fewer launches, the same results.
MOST_UPDATES = 16

Notify = Callable[[str], None]


def seed_key(seed: int, stream: int) -> jax.Array:
    """The key of one stream of randomness."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def initial_state(spec: AgentSpec, seed: int) -> TrainState:
    """A fresh agent of ``seed``."""
    return jax.jit(lambda: learner.init_train_state(spec, seed_key(seed, INIT)))()


def act(
    spec: AgentSpec, seed: int, params: Any, carry: Carry, obs: Mapping[str, Any], count: Any
) -> tuple[Carry, dict[str, jax.Array], Latents]:
    """Chooses actions [E, ...]; ``count`` is the number of the acting step."""
    key = jax.random.fold_in(seed_key(seed, ACT), count)
    noise = draw_act_noise(spec, key, obs["is_first"].shape[0])
    carry, action, latent = actor.act(spec, params, carry, obs, noise)
    return carry, action, Latents(latent.deter, latent.stoch)


def update(
    spec: AgentSpec, seed: int, length: int, state: TrainState, ring: Replay, indices: Any, stored: Any
) -> tuple[TrainState, Replay, Metrics]:
    """K updates, one after the other: each reads the latents that the one before it wrote back.

    Args:
      spec: the agent.
      seed: seed of the run.
      length: T, trained steps of a window.
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
        windows = replay.gather(ring, chosen, length + 1)
        batch = {**windows.records, "context": actor.Latent(windows.context.deter, windows.context.stoch)}
        state, latents, metrics = learner.update(spec, state, batch, draw_noise(spec, key, len(chosen), length))
        ring = replay.write_back(ring, chosen, Latents(latents.deter, latents.stoch), stored)
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
      seed: seed of the run.
      state: the learner, for its shapes.
      ring: the replay, for its shapes.
      obs: one vector observation [E, ...], for its shapes.
      batch: B, windows of an update; length: T.
      most: most updates that fall due at one vector step.
      notify: told before every compilation.
    """

    def __init__(
        self,
        spec: AgentSpec,
        seed: int,
        state: TrainState,
        ring: Replay,
        obs: Mapping[str, Any],
        *,
        batch: int,
        length: int,
        most: int,
        notify: Notify,
    ) -> None:
        self._notify = notify
        envs = len(obs["is_first"])
        carry = actor.initial_carry(spec, envs)
        number = np.uint32(0)
        notify("compiling the policy")
        self._act = jax.jit(partial(act, spec, seed)).lower(state.params, carry, obs, number).compile()
        _, action, latents = jax.eval_shape(partial(act, spec, seed), state.params, carry, obs, number)
        notify("compiling the replay")
        insert = jax.jit(replay.insert, donate_argnums=0)
        self._insert = insert.lower(ring, obs, action, latents, np.int32(0)).compile()
        self._update = jax.jit(partial(update, spec, seed, length), donate_argnums=(0, 1))
        self._add = jax.jit(partial(jax.tree.map, jnp.add))
        sizes = {1} if jax.default_backend() == "cpu" else {1, min(MOST_UPDATES, 2 ** max(0, most.bit_length() - 1))}
        self._updates = {size: self._compile_update(size, batch, state, ring) for size in sorted(sizes, reverse=True)}

    def act(self, params: Any, carry: Carry, obs: Mapping[str, Any], count: int) -> Any:
        """Chooses actions; returns at once, the actions are device arrays."""
        return self._act(params, carry, obs, np.uint32(count))

    def insert(self, ring: Replay, obs: Any, action: Any, latents: Latents, position: int) -> Replay:
        """Stores one record per environment."""
        stored: Replay = self._insert(ring, obs, action, latents, np.int32(position))
        return stored

    def update(
        self, state: TrainState, ring: Replay, indices: np.ndarray[Any, Any], stored: int, sums: Metrics | None
    ) -> tuple[TrainState, Replay, Metrics | None]:
        """Does as many updates as ``indices`` [K, B, 2] has batches, in calls of the compiled sizes.

        ``sums`` are metrics of earlier updates, to which those of these are added.
        """
        done = 0
        while done < len(indices):
            size = next(size for size in self._updates if size <= len(indices) - done)
            state, ring, more = self._updates[size](state, ring, indices[done : done + size], np.int32(stored))
            sums = more if sums is None else self._add(sums, more)
            done += size
        return state, ring, sums

    def _compile_update(self, size: int, batch: int, state: TrainState, ring: Replay) -> Any:
        self._notify("compiling the update, the longest part")
        indices = jax.ShapeDtypeStruct((size, batch, 2), jnp.int32)
        return self._update.lower(state, ring, indices, np.int32(0)).compile()
