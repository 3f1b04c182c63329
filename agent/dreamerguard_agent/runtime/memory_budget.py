"""How much memory a run will take, told before anything of it is allocated, and refused where there is too little.

Shapes come from `jax.eval_shape`, which computes nothing. Parameters, optimizer, slow value and replay are exact. What
an update keeps between its forward and its backward pass is an estimate: all that autodiff saves, the gradients and the
updates, as if XLA fused nothing and shared no buffer.
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
from ..algorithm.actor import Latent
from ..base.pytree import Params
from ..base.spec import AgentSpec
from ..model.noise import draw_noise
from ..replay.buffer import agent_ring, plan
from . import compiled

#: Bytes on the host for every window that can be drawn: four 32-bit integers, see `WindowSampler`.
WINDOW_BYTES = 16
#: Limits of a container's memory, of both generations of Linux control groups.
CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class DoesNotFit(Exception):
    """The run needs more memory than there is; the message says how much, and what would fit."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run needs, in bytes of all its agents.

    Attributes:
      parameters: trained parameters.
      optimizer: state of the optimizer.
      slow: slow copy of the value, return scale and counter.
      ring: records of the replay.
      windows: lists of the samplers, where the device computes in main memory; else none.
      update: estimate of what updates keep for a while.
    """

    parameters: int
    optimizer: int
    slow: int
    ring: int
    windows: int
    update: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.parameters + self.optimizer + self.slow + self.ring + self.windows + self.update

    def text(self) -> str:
        """Every part in one line."""
        parts = f"parameters {size(self.parameters)}, optimizer {size(self.optimizer)}, slow value {size(self.slow)}"
        return f"{parts}, replay {size(self.ring + self.windows)}, updates about {size(self.update)} (estimate)"


def budget(config: RunConfig, spec: AgentSpec, vector_steps: int, *, main_memory: bool) -> Budget:
    """The memory of a run.

    Args:
      config: the run.
      spec: its agent.
      vector_steps: steps of all environments that the run will take.
      main_memory: whether the device computes in main memory, as a CPU does.
    """
    room = plan(config, vector_steps)
    state = jax.eval_shape(lambda: compiled.initial_state(spec, [0]))
    ring = jax.eval_shape(lambda: agent_ring(spec, config.run.envs, room.rows))
    rest = state.slow, state.retnorm, state.step
    one = Budget(
        parameters=_bytes(state.params),
        optimizer=_bytes(state.opt_state),
        slow=_bytes(rest),
        ring=_bytes(ring),
        windows=room.capacity * WINDOW_BYTES if main_memory else 0,
        update=_update_bytes(spec, config.replay.batch_size, config.replay.batch_length),
    )
    parts = (one.parameters, one.optimizer, one.slow, one.ring, one.windows, one.update)
    return Budget(*(config.seeds * part for part in parts))


def require(config: RunConfig, spec: AgentSpec, vector_steps: int, limit: int | None = None) -> str:
    """Checks that the run fits.

    Args:
      config: the run.
      spec: its agent.
      vector_steps: steps of all environments that the run will take.
      limit: bytes that there are; none asks the device.

    Returns:
      A line about what the run needs.

    Raises:
      DoesNotFit: it does not.
    """
    main_memory = jax.default_backend() == "cpu"
    limit = device_memory() if limit is None else limit
    need = budget(config, spec, vector_steps, main_memory=main_memory)
    place = "main memory" if main_memory else "device memory"
    if limit is None:
        return f"memory: {size(need.total)}: {need.text()}"
    if need.total <= limit:
        return f"memory: {size(need.total)} of {size(limit)} {place}: {need.text()}"
    raise DoesNotFit(
        f"the run needs {size(need.total)} of {place}, and there are {size(limit)}: {need.text()}."
        f" {_advice(config, vector_steps, need, limit)}"
    )


def device_memory() -> int | None:
    """Bytes that this process may use: those of the device, or main memory where it has none of its own."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        stats = device.memory_stats() or {}
        return stats.get("bytes_limit")
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return min([physical, *filter(None, map(_container_limit, CONTAINER))])


def size(count: int) -> str:
    """Bytes in words."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1000:.1f} kB"


def _advice(config: RunConfig, vector_steps: int, need: Budget, limit: int) -> str:
    """The most seeds and the largest replay that fit."""
    advice = []
    if 0 < (seeds := limit // (need.total // config.seeds)) < config.seeds:
        advice.append(f"--seeds {seeds}")
    room, envs = plan(config, vector_steps), config.run.envs
    row = need.ring // room.rows
    free = limit - (need.total - need.ring - need.windows) - row * room.window
    capacity = int(free / (row / envs + need.windows / room.capacity))
    if capacity >= config.replay.batch_size * config.replay.batch_length:
        advice.append(f"replay.capacity={capacity // 1000 * 1000 or capacity}")
    if advice:
        return f"What fits: {' or '.join(advice)}"
    return "Choose a smaller model (size=...) or batch (replay.batch_size, replay.batch_length), or another device"


@lru_cache(maxsize=8)  # tracing the loss takes a second
def _update_bytes(spec: AgentSpec, batch: int, length: int) -> int:
    """Estimate for one agent."""
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
    ring = agent_ring(spec, batch, length + 1)
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
