"""The replay of one run: ring on the device, sampler on the host, kept in step and stored together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dreamerguard.schema import RunConfig

from .replay import Replay, create_replay
from .sampler import WindowSampler, rows_per_stream
from .spec import AgentSpec


class Experience:
    """Ring and sampler.

    No more is allocated than the run can fill: the configured capacity is an upper bound.

    Args:
      config: the run.
      spec: its agent.
      vector_steps: steps of all environments that the run will take.
    """

    def __init__(self, config: RunConfig, spec: AgentSpec, vector_steps: int) -> None:
        envs, window = config.run.envs, config.replay.batch_length + config.replay.context
        capacity = min(config.replay.capacity, max(1, vector_steps) * envs)
        rows = min(rows_per_stream(capacity, envs, window), max(vector_steps, window))
        self.batch, self.length = config.replay.batch_size, config.replay.batch_length
        self.ring: Replay = create_replay(
            dict(spec.obs_space),
            dict(spec.act_space),
            envs=envs,
            rows=rows,
            deter=spec.model.deter,
            stoch=spec.model.stoch,
            classes=spec.model.classes,
            dtype=spec.compute,
        )
        seed = np.random.SeedSequence(config.seed)
        self.sampler = WindowSampler(envs, capacity, window, rows, seed, online=config.replay.online)

    @property
    def ready(self) -> bool:
        """Whether there are as many windows as one update has steps: the reference starts to train then."""
        return len(self.sampler) >= self.batch * self.length

    @property
    def stored(self) -> int:
        """Records stored so far in every stream."""
        return int(self.sampler.counts[0])

    def parts(self) -> dict[str, Any]:
        """What a checkpoint keeps: the filled rows, latents included, and the sampler's integers."""
        filled = self._kept_rows()
        # An empty array, a queue without windows say, has nothing to store, and orbax refuses it.
        sampler = {key: value for key, value in self.sampler.state().items() if value.size}
        return {"ring": jax.tree.map(lambda value: value[:, :filled], self.ring), "sampler": sampler}

    def describe(self) -> dict[str, Any]:
        """Shapes of `parts`, as JSON can hold them, to know what a checkpoint contains before reading it."""
        state = self.sampler.state()
        shapes = {key: [list(value.shape), str(value.dtype)] for key, value in state.items()}
        return {"filled": self._kept_rows(), "sampler": shapes}

    def _kept_rows(self) -> int:
        """Filled rows, rounded up to a power of two: each size that is cut out of the ring compiles a program."""
        return min(1 << max(0, self.stored - 1).bit_length(), self.ring.rows)

    def like(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """The structure of `parts` in a checkpoint that `describe` described."""

        def rows(value: jax.Array) -> jax.ShapeDtypeStruct:
            return jax.ShapeDtypeStruct((value.shape[0], described["filled"], *value.shape[2:]), value.dtype)

        sampler = {
            key: jax.ShapeDtypeStruct(tuple(shape), np.dtype(dtype))
            for key, (shape, dtype) in described["sampler"].items()
            if 0 not in shape
        }
        return {"ring": jax.tree.map(rows, self.ring), "sampler": sampler}

    def load(self, parts: Mapping[str, Any], described: Mapping[str, Any]) -> None:
        """Continues with what a checkpoint kept, ``parts`` as ``described`` says.

        Raises:
          ValueError: it belongs to another replay.
        """
        empty = {key: np.zeros(shape, dtype) for key, (shape, dtype) in described["sampler"].items() if 0 in shape}
        self.sampler.load({key: np.asarray(value) for key, value in (parts["sampler"] | empty).items()})
        filled = jax.tree.leaves(parts["ring"])[0].shape[1]
        self.ring = jax.tree.map(
            lambda ring, kept: ring.at[:, :filled].set(jnp.asarray(kept)), self.ring, parts["ring"]
        )
