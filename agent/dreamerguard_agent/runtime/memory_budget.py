"""Estimates the memory of a run before anything is allocated, and refuses a run that does not fit.

Shapes come from `jax.eval_shape`, which computes nothing. Parameters, optimizer, slow value and replay are exact. The
memory of an update between its forward and backward pass is an estimate: everything that autodiff saves, the gradients
and the updates, as if XLA fused nothing and shared no buffer.
"""

from __future__ import annotations

import os
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax

from dreamerguard.schema import RunConfig

from ..algorithm import learner
from ..base.pytree import Params
from ..base.spec import AgentSpec
from ..model.noise import draw_noise
from ..model.rssm import Latent
from ..replay.buffer import empty_agent_ring, replay_size
from ..replay.ratio import TrainRatio
from . import compiled, program_store
from .updates import update_sizes

#: Bytes on the host per listed window: four 32-bit integers, see `WindowSampler`.
WINDOW_BYTES = 16
#: Files with a container's memory limit, of both versions of Linux control groups.
CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class DoesNotFit(Exception):
    """The run needs more memory than is available. The message states how much, and settings that fit."""


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """The memory of a run on each device, in bytes of its agents there; on a CPU that is main memory.

    Attributes:
      parameters: trained parameters.
      optimizer: state of the optimizer.
      slow: slow copy of the value, return scale and counter.
      ring: records of the replay, if they lie in this memory; otherwise 0.
      windows: lists of the samplers, if the device computes in main memory; otherwise 0.
      batches: windows of this and the next updates, if the replay lies in host memory or on disk; otherwise 0.
      update: estimate of the temporary memory of updates.
    """

    parameters: int
    optimizer: int
    slow: int
    ring: int
    windows: int
    batches: int
    update: int

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return sum(astuple(self))

    def text(self) -> str:
        """Returns all parts in one line."""
        parts = {
            "parameters": self.parameters,
            "optimizer": self.optimizer,
            "slow value": self.slow,
            "replay": self.ring + self.windows,
            **({"batches": self.batches} if self.batches else {}),
            "updates about": self.update,
        }
        return ", ".join(f"{name} {format_bytes(count)}" for name, count in parts.items()) + " (estimate)"


@dataclass(frozen=True, slots=True)
class StorageNeed:
    """The memory of a run with one storage of the replay, in bytes of all its agents.

    Attributes:
      device: memory in which the device computes.
      host: main memory, if the device does not compute there; otherwise 0.
      disk: files of the replay; without checkpoints.
    """

    device: MemoryBudget
    host: int
    disk: int


def estimate(
    config: RunConfig, spec: AgentSpec, vector_steps: int, *, main_memory: bool, storage: str = "device"
) -> StorageNeed:
    """Estimates the memory of a run.

    Args:
      config: the run.
      spec: the agent.
      vector_steps: steps of all environments in the whole run.
      main_memory: whether the device computes in main memory, as a CPU does.
      storage: place of the replay: ``device``, ``host`` or ``disk``.
    """
    replay, seeds = replay_size(config, vector_steps), config.seeds
    parameters, optimizer, slow = _state_bytes(spec)
    ring = seeds * _bytes(jax.eval_shape(lambda: empty_agent_ring(spec, config.run.envs, replay.rows)))
    windows = seeds * replay.capacity * WINDOW_BYTES
    # Two calls have a packed ring each, on the device and on the host: the one that runs and the one being prepared.
    batches = 0 if storage == "device" else 2 * seeds * _call_bytes(config, spec, replay.window, main_memory)
    on_host = (ring if storage == "host" else 0) + windows + batches
    # Agents that are spread over accelerators need the memory of their part on each.
    parts = config.runtime.devices if seeds > 1 and not main_memory else 1
    device = MemoryBudget(
        parameters=seeds * parameters // parts,
        optimizer=seeds * optimizer // parts,
        slow=seeds * slow // parts,
        ring=ring // parts if storage == "device" or (storage == "host" and main_memory) else 0,
        windows=windows if main_memory else 0,
        batches=(2 * batches if main_memory else batches) // parts,
        update=seeds // parts * _update_bytes(spec, config.replay.batch_size, config.replay.batch_length),
    )
    return StorageNeed(device, 0 if main_memory else on_host, ring if storage == "disk" else 0)


def device_memory() -> int | None:
    """Returns the bytes that this process may use: device memory, or main memory on a CPU; None if unknown."""
    device = jax.local_devices()[0]
    if device.platform != "cpu":
        stats = device.memory_stats() or {}
        return stats.get("bytes_limit")
    return main_memory()


def main_memory() -> int | None:
    """Returns the bytes of main memory that this process may use; None if unknown."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return min([physical, *filter(None, map(_container_limit, CONTAINER))])


def format_bytes(count: int) -> str:
    """Formats bytes as text, for example ``1.2 GB``."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1000:.1f} kB"


def _call_bytes(config: RunConfig, spec: AgentSpec, window: int, cpu: bool) -> int:
    """Returns the bytes of one agent's packed ring for the largest call."""
    ratio = TrainRatio(config.run.train_ratio, config.replay.batch_size * config.replay.batch_length)
    most = update_sizes(int(ratio.updates_per_step * config.run.envs), single=cpu)[0]
    rows = most * config.replay.batch_size * window
    return _bytes(jax.eval_shape(lambda: empty_agent_ring(spec, 1, rows)))


@lru_cache(maxsize=8)
def _state_bytes(spec: AgentSpec) -> tuple[int, int, int]:
    """Returns the bytes of one agent's parameters, optimizer, and everything else."""
    state = jax.eval_shape(lambda: compiled.initial_state(spec, [0]))
    return _bytes(state.params), _bytes(state.opt_state), _bytes((state.slow, state.retnorm, state.step))


#: Elements that an array can have: jax counts them in 64 bits.
_LARGEST_ARRAY = 1 << 62


@lru_cache(maxsize=8)  # tracing the loss takes a second
def _update_bytes(spec: AgentSpec, batch: int, length: int) -> int:
    """Estimates the temporary bytes of one agent's update, or reads what an earlier start estimated."""
    parts = (spec, batch, length)
    return program_store.remembered("update-bytes", parts, lambda: _count_update_bytes(spec, batch, length))


def _count_update_bytes(spec: AgentSpec, batch: int, length: int) -> int:
    if batch * length * spec.feature_width > _LARGEST_ARRAY:
        raise OverflowError("jax cannot count the elements of the features")
    inputs = jax.eval_shape(lambda: _batch(spec, batch, length))
    state = jax.eval_shape(lambda: compiled.initial_state(spec, [0]))

    def saved(state: learner.TrainState, inputs: learner.Batch) -> Any:
        noise = draw_noise(spec, jax.random.key(0), batch, length)

        def total(params: Params) -> Any:
            return learner.loss(spec, params, state.slow, state.retnorm, inputs, noise)

        return jax.vjp(total, state.params, has_aux=True)

    gradients_and_updates = 2 * _bytes(state.params)
    return _bytes(jax.eval_shape(saved, state, inputs)) + gradients_and_updates


def _batch(spec: AgentSpec, batch: int, length: int) -> learner.Batch:
    ring = empty_agent_ring(spec, batch, length + 1)
    latents = ring.latents
    return {**ring.records, "context": Latent(latents.deter[:, 0], latents.stoch[:, 0])}


def _bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def _container_limit(path: str) -> int | None:
    try:
        text = Path(path).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
