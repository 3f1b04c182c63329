"""The replay buffer of one run: the ring on the device and the samplers on the host, in step and saved together.

One agent has a ring [E, R, ...] and a sampler; N agents have a ring [N, E, R, ...] and a sampler each, with the
seed of a separate run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from dreamerguard.schema import RunConfig

from ..base.spec import AgentSpec
from ..checkpoints.checkpoint import Checkpoint
from ..checkpoints.chunks import StoredReplay
from ..checkpoints.errors import DoesNotMatch
from .changes import Numbers, RingChunks
from .ring import Ring, StoredLatents, create_ring
from .ring_copy import RingCopy
from .sampler import Indices, WindowSampler, rows_per_stream

State = TypeVar("State")
Sums = TypeVar("Sums")


class InsertRecords(Protocol):
    """A compiled function that stores one record per environment and donates the ring."""

    def __call__(self, ring: Ring, obs: Any, action: Any, latents: StoredLatents, position: int, /) -> Ring:
        """Returns the ring with record number ``position``."""


class RunUpdates(Protocol[State, Sums]):
    """A compiled function that runs updates and donates learner state and ring."""

    def __call__(
        self, state: State, ring: Ring, indices: Indices, stored: int, sums: Sums, /
    ) -> tuple[State, Ring, Sums]:
        """Returns the learner state, the ring and the accumulated metrics."""


class ReplaySize(NamedTuple):
    """The size of one agent's replay. The configured capacity is an upper bound: a run keeps no more than it can fill.

    Attributes:
      capacity: maximum number of windows.
      window: records of one window, context included.
      rows: records kept of each stream.
    """

    capacity: int
    window: int
    rows: int


def replay_size(config: RunConfig, vector_steps: int) -> ReplaySize:
    """Computes the size for a run of ``vector_steps`` steps of all environments."""
    envs, window = config.run.envs, config.replay.batch_length + config.replay.context
    capacity = min(config.replay.capacity, max(1, vector_steps) * envs)
    return ReplaySize(capacity, window, min(rows_per_stream(capacity, envs, window), max(vector_steps, window)))


def empty_agent_ring(spec: AgentSpec, envs: int, rows: int) -> Ring:
    """Creates an empty ring of one agent, [E, R, ...]."""
    return create_ring(
        dict(spec.obs_space),
        dict(spec.act_space),
        envs=envs,
        rows=rows,
        deter=spec.model.deter,
        stoch=spec.model.stoch,
        classes=spec.model.classes,
        dtype=spec.compute,
    )


def empty_ring(spec: AgentSpec, agents: int, envs: int, rows: int) -> Ring:
    """Creates an empty ring for all agents: [E, R, ...] of one, [N, E, R, ...] of several."""
    if agents == 1:
        return empty_agent_ring(spec, envs, rows)
    one = jax.eval_shape(lambda: empty_agent_ring(spec, envs, rows))
    ring: Ring = jax.tree.map(lambda x: jnp.zeros((agents, *x.shape), x.dtype), one)
    return ring


class ReplayBuffer:
    """The ring of all agents and one sampler per agent.

    Args:
      ring: empty, [E, R, ...] of one agent, [N, E, R, ...] of several.
      samplers: of every agent.
      batch: windows of an update.
      length: trained steps of a window.
    """

    def __init__(self, ring: Ring, samplers: Sequence[WindowSampler], batch: int, length: int) -> None:
        self.batch, self.length = batch, length
        self._ring, self._samplers = ring, samplers
        self._chunks = RingChunks(ring)
        self._copy: RingCopy | None = None

    @property
    def ring(self) -> Ring:
        """The ring. `insert` and `train` donate it, so hold no reference across their calls."""
        return self._ring

    @property
    def ready(self) -> bool:
        """Whether there are as many windows as one update has steps. The reference starts training at this point."""
        return len(self._samplers[0]) >= self.batch * self.length

    @property
    def stored(self) -> int:
        """Number of records stored so far in every stream."""
        return int(self._samplers[0].counts[0])

    def insert(self, insert_records: InsertRecords, obs: Any, action: Any, latents: StoredLatents) -> None:
        """Stores one record per environment.

        Args:
          insert_records: compiled function of ring, observations, actions, latents and record number; donates the ring.
          obs: observations on the device, [E, ...] of one agent, [N, E, ...] of several.
          action: actions, the same leading axes.
          latents: latents after the observations, the same leading axes.
        """
        for group in self._chunks.layouts:
            self._keep_before(group, *self._chunks.inserted(group, self.stored))
        self._ring = insert_records(self._ring, obs, action, latents, self.stored)
        for sampler in self._samplers:
            sampler.add_all()

    def train(self, run_updates: RunUpdates[State, Sums], state: State, updates: int, sums: Sums) -> tuple[State, Sums]:
        """Draws windows and runs updates on them, which write newer latents back to the ring.

        Args:
          run_updates: compiled function of learner state, ring, windows, record count and sums; donates the first two.
          state: learner state.
          updates: number of updates, K.
          sums: metrics accumulated so far.

        Returns:
          The learner state after the updates and the accumulated metrics.
        """
        indices = self.draw(updates)
        self._keep_before("latents", *self._chunks.trained(indices, self.length))
        state, self._ring, sums = run_updates(state, self._ring, indices, self.stored, sums)
        return state, sums

    def draw(self, updates: int) -> Indices:
        """Draws windows for ``updates`` updates of every agent: [K, B, 2] of one agent, [N, K, B, 2] of several."""
        drawn = [sampler.draw(updates, self.batch) for sampler in self._samplers]
        return drawn[0] if len(drawn) == 1 else np.stack(drawn)

    def sampler_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the integers of all samplers. With several agents, each name begins with the agent's number."""
        return {
            self._prefix(number) + key: value
            for number, sampler in enumerate(self._samplers)
            for key, value in sampler.state().items()
        }

    def compile_copies(self) -> None:
        """Compiles the functions of `copy`, so that the first save does not wait for them."""
        self._chunks.compile(self._ring)

    def copy(self, shared: StoredReplay | None = None) -> RingCopy:
        """Begins a copy of the ring as it is now, for a checkpoint. It ends the copy before.

        Args:
          shared: an earlier checkpoint; chunks that have not changed since are not copied.
        """
        self._copy = RingCopy(self._chunks, lambda: self._ring, self.stored, shared)
        return self._copy

    def load(self, checkpoint: Checkpoint) -> None:
        """Restores the replay of a checkpoint. Its ring may be shorter than this one if it was never full.

        Raises:
          DoesNotMatch: the checkpoint has another replay shape.
        """
        for group, layout in self._chunks.layouts.items():
            checkpoint.check_layout(group, layout)
        stored = checkpoint.part("sampler")
        for number, sampler in enumerate(self._samplers):
            prefix = self._prefix(number)
            state = {key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)}
            sampler.load(state)
            held = {(checkpoint.stored(name), table.layout.rows) for name, table in checkpoint.tables.items()}
            if held != {(count, int(state["settings"][3])) for count in sampler.counts.tolist()}:
                raise DoesNotMatch(f"the sampler in {checkpoint.folder} counts other records than the replay holds")
        for group in self._chunks.layouts:
            chunk = checkpoint.tables[group].layout.chunk
            for piece in checkpoint.pieces(group):
                self._ring = self._chunks.put(self._ring, piece, piece.number * chunk)

    def _keep_before(self, group: str, streams: Numbers, numbers: Numbers) -> None:
        """Copies chunks for a checkpoint that is being saved, before they change, and notes the change."""
        if self._copy and self._copy.active:
            self._copy.copy_now(group, streams, numbers)
        self._chunks.mark(group, streams, numbers)

    def _prefix(self, number: int) -> str:
        return "" if len(self._samplers) == 1 else f"{number}."


def create_replay(config: RunConfig, spec: AgentSpec, vector_steps: int) -> ReplayBuffer:
    """Creates the empty replay of a run of ``vector_steps`` steps of all environments."""
    size = replay_size(config, vector_steps)
    samplers = [
        WindowSampler(config.run.envs, *size, np.random.SeedSequence(seed), online=config.replay.online)
        for seed in range(config.seed, config.seed + config.seeds)
    ]
    ring = empty_ring(spec, config.seeds, config.run.envs, size.rows)
    return ReplayBuffer(ring, samplers, config.replay.batch_size, config.replay.batch_length)
