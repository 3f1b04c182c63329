"""The replay buffer of one run: the ring in its storage and the samplers, in step and saved together.

One agent has a ring [E, R, ...] and a sampler; N agents have a ring [N, E, R, ...] and a sampler each, with the
seed of a separate run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from dreamerguard.schema import RunConfig

from ..base.share import WHOLE, Share
from ..base.spec import AgentSpec
from ..checkpoints.array_file import Array
from ..checkpoints.checkpoint import Checkpoint
from ..checkpoints.chunks import ChunkCopy, StoredReplay
from ..checkpoints.draft import ReplayPlan
from ..checkpoints.errors import DoesNotMatch
from .changes import Numbers, RingChunks
from .device_storage import DeviceStorage
from .host_storage import HostStorage
from .ring import Ring, StoredLatents, Windows, create_ring
from .ring_copy import RingCopy, missing, plan_copy
from .row_arrays import FileRows, MemoryRows
from .sampler import Indices, WindowSampler, rows_per_stream
from .sampler_parts import own_state, seed_of
from .storage import InsertRecords, RunUpdates, State, Storage, Sums


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
    """Creates an empty ring for all agents: [E, R, ...] of one, [N, E, R, ...] of several.

    One program makes all arrays: a program for each would be compiled at every start.
    """

    def make() -> Ring:
        one = jax.eval_shape(lambda: empty_agent_ring(spec, envs, rows))
        ring: Ring = jax.tree.map(lambda x: jnp.zeros((*(agents,) * (agents > 1), *x.shape), x.dtype), one)
        return ring

    made: Ring = jax.jit(make)()
    return made


class ReplayBuffer:
    """The ring of all agents and one sampler per agent.

    Args:
      storage: holds the empty ring.
      samplers: of every agent.
      batch: windows of an update; of several processes, those of this one.
      length: trained steps of a window.
      share: the process whose environments the replay records.
      seed: seed of the first agent, for draws that begin anew.

    Attributes:
      chunks: the chunks of the ring and their changes.
    """

    def __init__(
        self,
        storage: Storage,
        samplers: Sequence[WindowSampler],
        batch: int,
        length: int,
        share: Share = WHOLE,
        seed: int = 0,
    ) -> None:
        self.batch, self.length, self.storage = batch, length, storage
        self._samplers, self._share, self._seed = samplers, share, seed
        self.chunks = RingChunks(storage.shapes, share.processes)
        self._copy: RingCopy | None = None

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
        for group in self.chunks.layouts:
            self._keep_before(group, *self.chunks.inserted(group, self.stored))
        self.storage.insert(insert_records, obs, action, latents, self.stored)
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
        self._keep_before("latents", *self.chunks.trained(indices, self.length))
        return self.storage.train(run_updates, state, indices, self.stored, sums)

    def windows(self, agent: int, indices: npt.NDArray[Any]) -> Windows:
        """Reads windows [B, 2] of one agent as they are now."""
        return self.storage.windows(agent, indices, self.length + 1)

    def look(self, agent: int, count: int, length: int, seed: int) -> Windows | None:
        """Reads windows of one agent for people to see. No draw of the training changes.

        Args:
          agent: number of the agent.
          count: most windows.
          length: T, steps after the first one; at most those of the run's windows.
          seed: seed of the choice, which is without replacement.

        Returns:
          The windows, [B, T + 1, ...]; None if the replay has none yet.
        """
        sampler = self._samplers[agent]
        if not len(sampler):
            return None
        chosen = np.random.default_rng(seed).choice(len(sampler), min(count, len(sampler)), replace=False)
        return self.storage.windows(agent, sampler.listed(chosen), length + 1)

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
        for group, layout in self.chunks.layouts.items():
            for number in {0, layout.chunks - 1}:
                self._fetch(group, 0, number)

    def copy(self, shared: StoredReplay | None = None) -> RingCopy:
        """Begins a copy of the ring as it is now, for a checkpoint. It ends the copy before.

        Args:
          shared: an earlier checkpoint; chunks that have not changed since are not copied.
        """
        plan = plan_copy(self.chunks.layouts, self.chunks.changed, self.stored, shared)
        return self.copy_planned(plan, missing(plan))

    def copy_planned(self, plan: ReplayPlan, due: Mapping[str, Array]) -> RingCopy:
        """Begins a copy of some chunks, by group, bool [S, C], for a checkpoint of a plan. It ends the copy before."""
        self._copy = RingCopy(self.chunks, self._fetch, plan, due)
        return self._copy

    def load(self, checkpoint: Checkpoint, starts: int = 0) -> None:
        """Restores the replay of a checkpoint. Its ring may be shorter than this one if it was never full.

        Args:
          checkpoint: the checkpoint, of any number of processes.
          starts: starts of the run so far.

        Raises:
          DoesNotMatch: the checkpoint has another replay shape.
        """
        for group, layout in self.chunks.whole.items():
            checkpoint.check_layout(group, layout)
        stored = checkpoint.part("sampler")
        for number, sampler in enumerate(self._samplers):
            prefix = self._prefix(number)
            state = {key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)}
            state = self._own(state, checkpoint, sampler, starts)
            sampler.load(state)
            held = {(checkpoint.stored(name), table.layout.rows) for name, table in checkpoint.tables.items()}
            if held != {(count, int(state["settings"][3])) for count in sampler.counts.tolist()}:
                raise DoesNotMatch(f"the sampler in {checkpoint.folder} counts other records than the replay holds")
        for group, layout in self.chunks.whole.items():
            chunk, own = checkpoint.tables[group].layout.chunk, self._share.rows(layout.streams)
            for piece in checkpoint.pieces(group, own):
                self.storage.write(group, piece.stream - own.start, piece.number * chunk, piece.arrays)

    def _own(
        self, state: dict[str, npt.NDArray[Any]], checkpoint: Checkpoint, sampler: WindowSampler, starts: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Returns this process's part of a stored sampler."""
        processes = checkpoint.numbers.get("processes", 1)
        if processes == self._share.processes == 1:
            return state
        new = WindowSampler(1, 1, 1, 1, seed_of(self._seed, self._share, starts)).state()["generator"]
        try:
            return own_state(state, processes, self._share, sampler.capacity, new)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise DoesNotMatch(f"the sampler in {checkpoint.folder} is not valid: {error}") from error

    def close(self) -> None:
        """Releases files and threads."""
        self.storage.close()

    def _fetch(self, group: str, stream: int, number: int) -> ChunkCopy:
        layout = self.chunks.layouts[group]
        rows = self.storage.read(group, stream, number * layout.chunk, layout.rows_of(number))
        return ChunkCopy(group, stream, number, rows)

    def _keep_before(self, group: str, streams: Numbers, numbers: Numbers) -> None:
        """Copies chunks for a checkpoint that is being saved, before they change, and notes the change."""
        if self._copy and self._copy.active:
            self._copy.copy_now(group, streams, numbers)
        self.chunks.mark(group, streams, numbers)

    def _prefix(self, number: int) -> str:
        return "" if len(self._samplers) == 1 else f"{number}."


def create_replay(
    config: RunConfig,
    spec: AgentSpec,
    vector_steps: int,
    storage: str,
    folder: Path,
    sizes: Sequence[int],
    share: Share = WHOLE,
) -> ReplayBuffer:
    """Creates the empty replay of a run.

    Args:
      config: the run, with the numbers of this process.
      spec: the agent.
      vector_steps: steps of all environments in the whole run.
      storage: ``device``, ``host`` or ``disk``.
      folder: where files lie, if the replay is on disk.
      sizes: numbers of updates that one call may run, the largest first.
      share: this process.

    Raises:
      NotSaved: there is not enough space on the disk, or a file cannot be made.
    """
    size = replay_size(config, vector_steps)
    samplers = [
        WindowSampler(config.run.envs, *size, seed_of(seed, share), online=config.replay.online)
        for seed in range(config.seed, config.seed + config.seeds)
    ]
    ring = partial(empty_ring, spec, config.seeds, config.run.envs, size.rows)
    batch = config.replay.batch_size
    made = create_storage(ring, storage, folder, size.window, batch, sizes)
    return ReplayBuffer(made, samplers, batch, config.replay.batch_length, share, config.seed)


def create_storage(
    ring: Callable[[], Ring], storage: str, folder: Path, window: int, batch: int, sizes: Sequence[int]
) -> Storage:
    """Creates a storage for an empty ring; see `create_replay`. Only on the device is ``ring`` made as arrays."""
    if storage == "device":
        return DeviceStorage(ring())
    rows = MemoryRows if storage == "host" else partial(FileRows, folder=folder)
    return HostStorage(jax.eval_shape(ring), rows, window, batch, sizes)
