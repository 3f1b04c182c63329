"""The replay of one run: ring on the device, samplers on the host, kept in step and stored together.

One agent has a ring [E, R, ...] and a sampler; N agents have a ring [N, E, R, ...] and a sampler each, with the seed
that it has in a run of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from dreamerguard.schema import RunConfig

from ..base.spec import AgentSpec
from .ring import Replay, create_replay
from .sampler import Indices, WindowSampler, rows_per_stream


class Room(NamedTuple):
    """How much an agent keeps: no more than its run can fill, the configured capacity is an upper bound.

    Attributes:
      capacity: most windows; window: records of one, context included; rows: records of each stream.
    """

    capacity: int
    window: int
    rows: int


def plan(config: RunConfig, vector_steps: int) -> Room:
    """The room of every agent of a run of ``vector_steps`` steps of all environments."""
    envs, window = config.run.envs, config.replay.batch_length + config.replay.context
    capacity = min(config.replay.capacity, max(1, vector_steps) * envs)
    return Room(capacity, window, min(rows_per_stream(capacity, envs, window), max(vector_steps, window)))


def agent_ring(spec: AgentSpec, envs: int, rows: int) -> Replay:
    """An empty ring of one agent, [E, R, ...]."""
    return create_replay(
        dict(spec.obs_space),
        dict(spec.act_space),
        envs=envs,
        rows=rows,
        deter=spec.model.deter,
        stoch=spec.model.stoch,
        classes=spec.model.classes,
        dtype=spec.compute,
    )


def make_ring(spec: AgentSpec, agents: int, envs: int, rows: int) -> Replay:
    """An empty ring for all agents."""
    if agents == 1:
        return agent_ring(spec, envs, rows)
    one = jax.eval_shape(lambda: agent_ring(spec, envs, rows))
    ring: Replay = jax.tree.map(lambda x: jnp.zeros((agents, *x.shape), x.dtype), one)
    return ring


class Experience:
    """Ring and samplers.

    Args:
      config: the run.
      spec: its agent.
      vector_steps: steps of all environments that the run will take.
    """

    def __init__(self, config: RunConfig, spec: AgentSpec, vector_steps: int) -> None:
        room = plan(config, vector_steps)
        self.batch, self.length = config.replay.batch_size, config.replay.batch_length
        self.ring = make_ring(spec, config.seeds, config.run.envs, room.rows)
        self._samplers = [
            WindowSampler(config.run.envs, *room, np.random.SeedSequence(seed), online=config.replay.online)
            for seed in range(config.seed, config.seed + config.seeds)
        ]

    @property
    def ready(self) -> bool:
        """Whether there are as many windows as one update has steps: the reference starts to train then."""
        return len(self._samplers[0]) >= self.batch * self.length

    @property
    def stored(self) -> int:
        """Records stored so far in every stream."""
        return int(self._samplers[0].counts[0])

    def add(self) -> None:
        """Notes that every environment has stored one more record."""
        for sampler in self._samplers:
            sampler.add_all()

    def draw(self, updates: int) -> Indices:
        """Windows for ``updates`` updates of every agent: [K, B, 2] of one agent, [N, K, B, 2] of several."""
        drawn = [sampler.draw(updates, self.batch) for sampler in self._samplers]
        return drawn[0] if len(drawn) == 1 else np.stack(drawn)

    def parts(self) -> dict[str, Any]:
        """What a checkpoint keeps, on the host: the filled rows, latents included, and the samplers' integers."""
        filled = self._kept_rows()
        # An empty array, a queue without windows say, has nothing to store, and orbax refuses it.
        sampler = {key: value for key, value in self._states().items() if value.size}
        return {"ring": jax.tree.map(lambda value: _fetch(value, self._depth, filled), self.ring), "sampler": sampler}

    def describe(self) -> dict[str, Any]:
        """Shapes of `parts`, as JSON can hold them, to know what a checkpoint contains before reading it."""
        shapes = {key: [list(value.shape), str(value.dtype)] for key, value in self._states().items()}
        return {"filled": self._kept_rows(), "sampler": shapes}

    def like(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """The structure of `parts` in a checkpoint that `describe` described."""
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
        """Continues with what a checkpoint kept, ``parts`` as ``described`` says.

        Raises:
          ValueError: it belongs to another replay.
        """
        empty = {key: np.zeros(shape, dtype) for key, (shape, dtype) in described["sampler"].items() if 0 in shape}
        stored = {key: np.asarray(value) for key, value in (parts["sampler"] | empty).items()}
        for number, sampler in enumerate(self._samplers):
            prefix = self._prefix(number)
            sampler.load({key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)})
        self.ring = jax.tree.map(lambda ring, kept: _fill(ring, kept, self._depth), self.ring, parts["ring"])

    def _kept_rows(self) -> int:
        """Filled rows, rounded up to a power of two: each size that is cut out of the ring compiles a program."""
        return min(1 << max(0, self.stored - 1).bit_length(), self.ring.rows)

    @property
    def _depth(self) -> int:
        """Axes of a ring between its first and that of the rows."""
        return int(len(self._samplers) > 1)

    def _states(self) -> dict[str, npt.NDArray[Any]]:
        """Integers of all samplers; of several, each key begins with the number of the agent."""
        return {
            self._prefix(number) + key: value
            for number, sampler in enumerate(self._samplers)
            for key, value in sampler.state().items()
        }

    def _prefix(self, number: int) -> str:
        return "" if len(self._samplers) == 1 else f"{number}."


def _fetch(value: jax.Array, depth: int, filled: int) -> npt.NDArray[Any]:
    """Rows of a ring, on the host. Piece by piece: a slice of the whole would need the device's memory once more."""

    def piece(index: int) -> npt.NDArray[Any]:
        fetched: npt.NDArray[Any] = jax.device_get(_take(value, np.int32(index), depth, filled))
        return fetched

    return np.stack([piece(index) for index in range(len(value))])


def _fill(ring: jax.Array, kept: npt.NDArray[Any], depth: int) -> jax.Array:
    """A ring with rows from the host, piece by piece as well."""
    for index, piece in enumerate(kept):
        ring = _put(ring, piece, np.int32(index), depth)
    return ring


@partial(jax.jit, static_argnums=(2, 3))
def _take(ring: jax.Array, index: jax.Array, depth: int, filled: int) -> jax.Array:
    return ring[(index, *(slice(None),) * depth, slice(filled))]


@partial(jax.jit, donate_argnums=0, static_argnums=3)
def _put(ring: jax.Array, piece: jax.Array, index: jax.Array, depth: int) -> jax.Array:
    return ring.at[(index, *(slice(None),) * depth, slice(piece.shape[depth]))].set(piece)
