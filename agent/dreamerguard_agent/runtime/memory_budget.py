"""Estimates the memory of a run before anything is allocated, and refuses a run that does not fit.

Shapes come from `jax.eval_shape`, which computes nothing. Parameters, optimizer, slow value and replay are exact. The
memory of an update between its forward and backward pass is an estimate: everything that autodiff saves, the gradients
and the updates, as if XLA fused nothing and shared no buffer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
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
from . import compiled

#: Bytes on the host per listed window: four 32-bit integers, see `WindowSampler`.
WINDOW_BYTES = 16
#: Files with a container's memory limit, of both versions of Linux control groups.
CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class DoesNotFit(Exception):
    """The run needs more memory than is available. The message states how much, and settings that fit."""


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """The memory of a run, in bytes of all its agents.

    Attributes:
      parameters: trained parameters.
      optimizer: state of the optimizer.
      slow: slow copy of the value, return scale and counter.
      ring: records of the replay.
      windows: lists of the samplers, if the device computes in main memory; otherwise 0.
      update: estimate of the temporary memory of updates.
    """

    parameters: int
    optimizer: int
    slow: int
    ring: int
    windows: int
    update: int

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return self.parameters + self.optimizer + self.slow + self.ring + self.windows + self.update

    def text(self) -> str:
        """Returns all parts in one line."""
        parts = {
            "parameters": self.parameters,
            "optimizer": self.optimizer,
            "slow value": self.slow,
            "replay": self.ring + self.windows,
            "updates about": self.update,
        }
        return ", ".join(f"{name} {format_bytes(count)}" for name, count in parts.items()) + " (estimate)"


def estimate(config: RunConfig, spec: AgentSpec, vector_steps: int, *, main_memory: bool) -> MemoryBudget:
    """Estimates the memory of a run.

    Args:
      config: the run.
      spec: the agent.
      vector_steps: steps of all environments in the whole run.
      main_memory: whether the device computes in main memory, as a CPU does.
    """
    replay = replay_size(config, vector_steps)
    state = jax.eval_shape(lambda: compiled.initial_state(spec, [0]))
    ring = jax.eval_shape(lambda: empty_agent_ring(spec, config.run.envs, replay.rows))
    rest = state.slow, state.retnorm, state.step
    one = MemoryBudget(
        parameters=_bytes(state.params),
        optimizer=_bytes(state.opt_state),
        slow=_bytes(rest),
        ring=_bytes(ring),
        windows=replay.capacity * WINDOW_BYTES if main_memory else 0,
        update=_update_bytes(spec, config.replay.batch_size, config.replay.batch_length),
    )
    parts = (one.parameters, one.optimizer, one.slow, one.ring, one.windows, one.update)
    return MemoryBudget(*(config.seeds * part for part in parts))


def check_fits(config: RunConfig, spec: AgentSpec, vector_steps: int, limit: int | None = None) -> str:
    """Checks that the run fits.

    Args:
      config: the run.
      spec: the agent.
      vector_steps: steps of all environments in the whole run.
      limit: available bytes; None reads them from the device.

    Returns:
      A line that states the memory of the run.

    Raises:
      DoesNotFit: the run needs more than ``limit``.
    """
    main_memory = jax.default_backend() == "cpu"
    limit = device_memory() if limit is None else limit
    need = estimate(config, spec, vector_steps, main_memory=main_memory)
    place = "main memory" if main_memory else "device memory"
    if limit is None:
        return f"memory: {format_bytes(need.total)}: {need.text()}"
    if need.total <= limit:
        return f"memory: {format_bytes(need.total)} of {format_bytes(limit)} {place}: {need.text()}"
    raise DoesNotFit(
        f"the run needs {format_bytes(need.total)} of {place}, but only {format_bytes(limit)} are available:"
        f" {need.text()}."
        f" {_advice(config, vector_steps, need, limit)}"
    )


def device_memory() -> int | None:
    """Returns the bytes that this process may use: device memory, or main memory on a CPU; None if unknown."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        stats = device.memory_stats() or {}
        return stats.get("bytes_limit")
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


def _advice(config: RunConfig, vector_steps: int, need: MemoryBudget, limit: int) -> str:
    """Returns advice: the largest number of seeds and the largest replay that fit."""
    advice = []
    if 0 < (seeds := limit // (need.total // config.seeds)) < config.seeds:
        advice.append(f"--seeds {seeds}")
    replay, envs = replay_size(config, vector_steps), config.run.envs
    row = need.ring // replay.rows
    free = limit - (need.total - need.ring - need.windows) - row * replay.window
    capacity = int(free / (row / envs + need.windows / replay.capacity))
    if capacity >= config.replay.batch_size * config.replay.batch_length:
        advice.append(f"replay.capacity={capacity // 1000 * 1000 or capacity}")
    if advice:
        return f"What fits: {' or '.join(advice)}"
    return "Choose a smaller model (size=...) or batch (replay.batch_size, replay.batch_length), or another device"


@lru_cache(maxsize=8)  # tracing the loss takes a second
def _update_bytes(spec: AgentSpec, batch: int, length: int) -> int:
    """Estimates the temporary bytes of one agent's update."""
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
