"""The compiled part of training: K updates on windows of a ring. Also the random keys of an agent.

Random keys are folded from an agent's seed, a stream number and a counter, see `compiled`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..algorithm import learner
from ..algorithm.learner import Batch, Metrics, TrainState
from ..base.spec import AgentSpec
from ..model.noise import draw_noise
from ..model.rssm import Latent
from ..replay import ring as replay_ring
from ..replay.ring import Ring, StoredLatents, Windows
from .faults import Faults

#: Streams of randomness within one seed.
INIT, ACT, UPDATE = 0, 1, 2
#: Maximum updates of one call on an accelerator: fewer launches, equal results.
MOST_UPDATES = 16


def seed_key(seed: Any, stream: int) -> jax.Array:
    """Returns the key of one stream of randomness of an agent. The seed may be traced (uint32, the same bits)."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def update_sizes(most: int, *, single: bool) -> tuple[int, ...]:
    """Returns the numbers of updates that one call may run, the largest first.

    Args:
      most: maximum updates due at one vector step.
      single: whether updates run one by one: on a CPU, where a call costs nothing, or with batches split over devices.
    """
    if single:
        return (1,)
    return tuple(sorted({1, min(MOST_UPDATES, 2 ** max(0, most.bit_length() - 1))}, reverse=True))


def batch_of(windows: Windows) -> Batch:
    """Returns windows as the learner reads them."""
    return {**windows.records, "context": Latent(windows.context.deter, windows.context.stoch)}


def scan_updates(
    spec: AgentSpec,
    length: int,
    seed: Any,
    state: TrainState,
    ring: Ring,
    indices: Any,
    stored: Any,
    faults: Faults,
) -> tuple[TrainState, Ring, Metrics, Faults]:
    """Runs `learner.update` K times for one agent. Each update reads the latents that the previous one wrote back.

    Args:
      spec: the agent.
      length: T, trained steps of a window.
      seed: seed of the agent, uint32.
      state: learner state; donate it.
      ring: replay ring; donate it.
      indices: windows, int32 [K, B, 2]; of a packed ring [K, B, 4], see `replay.packing`.
      stored: number of records in every stream so far.
      faults: updates that were skipped before.

    Returns:
      The learner state, the ring, the metrics summed over the K updates, with K as ``count``, and the faults. A skipped
      update writes no latents back.
    """
    Carried = tuple[TrainState, Ring, Faults]

    def one(carry: Carried, row: jax.Array) -> tuple[Carried, Metrics]:
        state, ring, faults = carry
        chosen, named = (row, row) if row.shape[-1] == 2 else (row[:, :2], row[:, 2:])
        key = jax.random.fold_in(seed_key(seed, UPDATE), state.step)
        windows = replay_ring.gather(ring, chosen, length + 1)
        after, latents, metrics = learner.update(
            spec, state, batch_of(windows), draw_noise(spec, key, len(chosen), length)
        )
        metrics["opt/skipped"] = learner.skipped(spec, metrics)
        known = jnp.where(metrics["opt/skipped"] > 0, 0, stored)  # of 0 records, none is written
        ring = replay_ring.write_back(ring, chosen, StoredLatents(latents.deter, latents.stoch), known)
        return (after, ring, faults.add(state.step, named, metrics)), {**metrics, "count": jnp.ones(())}

    if len(indices) == 1:  # a loop of one hides parallel parts from XLA on a CPU
        (state, ring, faults), sums = one((state, ring, faults), indices[0])
    else:
        (state, ring, faults), metrics = jax.lax.scan(one, (state, ring, faults), indices)
        sums = jax.tree.map(lambda values: values.sum(0), metrics)
    return state, ring, sums, faults


def scan_packed(*arguments: Any) -> tuple[TrainState, dict[str, jax.Array], Metrics, Faults]:
    """Calls `scan_updates` on a packed ring and returns only the latents of the ring: its records do not change.

    The latents come by name: in this form `program_store` can keep the program.
    """
    state, ring, sums, faults = scan_updates(*arguments)
    return state, {"deter": ring.latents.deter, "stoch": ring.latents.stoch}, sums, faults
