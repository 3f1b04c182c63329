"""The replay buffer of one run: the ring on the device and the samplers on the host, in step and saved together.

One agent has a ring [E, R, ...] and a sampler; N agents have a ring [N, E, R, ...] and a sampler each, with the
seed of a separate run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from dreamerguard.schema import RunConfig

from ..base.spec import AgentSpec
from .ring import Ring, StoredLatents, create_ring
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
      config: the run.
      spec: the agent.
      vector_steps: steps of all environments in the whole run.
    """

    def __init__(self, config: RunConfig, spec: AgentSpec, vector_steps: int) -> None:
        size = replay_size(config, vector_steps)
        self.batch, self.length = config.replay.batch_size, config.replay.batch_length
        self._ring = empty_ring(spec, config.seeds, config.run.envs, size.rows)
        self._samplers = [
            WindowSampler(config.run.envs, *size, np.random.SeedSequence(seed), online=config.replay.online)
            for seed in range(config.seed, config.seed + config.seeds)
        ]

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
        state, self._ring, sums = run_updates(state, self._ring, indices, self.stored, sums)
        return state, sums

    def draw(self, updates: int) -> Indices:
        """Draws windows for ``updates`` updates of every agent: [K, B, 2] of one agent, [N, K, B, 2] of several."""
        drawn = [sampler.draw(updates, self.batch) for sampler in self._samplers]
        return drawn[0] if len(drawn) == 1 else np.stack(drawn)

    def parts(self) -> dict[str, Any]:
        """Returns the content of a checkpoint, on the host: filled rows with latents, and the samplers' integers."""
        filled = self._kept_rows()
        # orbax refuses empty arrays, for example a queue without windows.
        sampler = {key: value for key, value in self._states().items() if value.size}
        return {"ring": jax.tree.map(lambda value: _fetch(value, self._depth, filled), self.ring), "sampler": sampler}

    def describe(self) -> dict[str, Any]:
        """Returns the shapes of `parts` as JSON, which are needed to read a checkpoint."""
        shapes = {key: [list(value.shape), str(value.dtype)] for key, value in self._states().items()}
        return {"filled": self._kept_rows(), "sampler": shapes}

    def like(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the structure of `parts` in a checkpoint from its `describe`."""
        sampler = {
            key: jax.ShapeDtypeStruct(tuple(shape), np.dtype(dtype))
            for key, (shape, dtype) in described["sampler"].items()
            if 0 not in shape
        }

        def rows(value: jax.Array) -> jax.ShapeDtypeStruct:
            axes = value.shape[: self._depth + 1]
            return jax.ShapeDtypeStruct((*axes, described["filled"], *value.shape[len(axes) + 1 :]), value.dtype)

        return {"ring": jax.tree.map(rows, self.ring), "sampler": sampler}

    def load(self, parts: Mapping[str, Any], described: Mapping[str, Any]) -> None:
        """Restores ``parts`` of a checkpoint; ``described`` is its `describe`.

        Raises:
          ValueError: the checkpoint has another replay shape.
        """
        empty = {key: np.zeros(shape, dtype) for key, (shape, dtype) in described["sampler"].items() if 0 in shape}
        stored = {key: np.asarray(value) for key, value in (parts["sampler"] | empty).items()}
        for number, sampler in enumerate(self._samplers):
            prefix = self._prefix(number)
            sampler.load({key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)})
        self._ring = jax.tree.map(lambda ring, kept: _fill(ring, kept, self._depth), self.ring, parts["ring"])

    def _kept_rows(self) -> int:
        """Filled rows, rounded up to a power of two: each size cut out of the ring needs a compilation."""
        return min(1 << max(0, self.stored - 1).bit_length(), self.ring.rows)

    @property
    def _depth(self) -> int:
        """Number of axes of a ring between its first axis and the axis of rows."""
        return int(len(self._samplers) > 1)

    def _states(self) -> dict[str, npt.NDArray[Any]]:
        """Integers of all samplers. With several agents, each key begins with the agent's number."""
        return {
            self._prefix(number) + key: value
            for number, sampler in enumerate(self._samplers)
            for key, value in sampler.state().items()
        }

    def _prefix(self, number: int) -> str:
        return "" if len(self._samplers) == 1 else f"{number}."


def _fetch(value: jax.Array, depth: int, filled: int) -> npt.NDArray[Any]:
    """Copies rows of a ring to the host, piece by piece: slicing the whole ring would need twice the device memory."""

    def piece(index: int) -> npt.NDArray[Any]:
        fetched: npt.NDArray[Any] = jax.device_get(_take(value, np.int32(index), depth, filled))
        return fetched

    return np.stack([piece(index) for index in range(len(value))])


def _fill(ring: jax.Array, kept: npt.NDArray[Any], depth: int) -> jax.Array:
    """Copies rows from the host into a ring, piece by piece."""
    for index, piece in enumerate(kept):
        ring = _put(ring, piece, np.int32(index), depth)
    return ring


@partial(jax.jit, static_argnums=(2, 3))
def _take(ring: jax.Array, index: jax.Array, depth: int, filled: int) -> jax.Array:
    return ring[(index, *(slice(None),) * depth, slice(filled))]


@partial(jax.jit, donate_argnums=0, static_argnums=3)
def _put(ring: jax.Array, piece: jax.Array, index: jax.Array, depth: int) -> jax.Array:
    return ring.at[(index, *(slice(None),) * depth, slice(piece.shape[depth]))].set(piece)
