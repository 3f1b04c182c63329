"""Compares a ring that is spread over four devices with one on a single device; fails where they differ."""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np

from dreamerguard_agent.replay.buffer import empty_ring
from dreamerguard_agent.replay.device_storage import DeviceStorage
from dreamerguard_agent.runtime.seed_devices import SeedDevices

from ..same_runs import SMALL, spec_of

AGENTS, ENVS, ROWS = 8, 2, 20


def main() -> None:
    """Writes the same rows into both, and reads rows and windows of all agents."""
    spec, devices = spec_of(SMALL), SeedDevices(jax.devices())
    spread = DeviceStorage(empty_ring(spec, AGENTS, ENVS, ROWS, devices.sharding))
    one = DeviceStorage(empty_ring(spec, AGENTS, ENVS, ROWS))
    assert len(spread.ring.latents.deter.sharding.device_set) == 4
    draw = np.random.default_rng(0)
    for stream in (0, 3, 9, 15, 4):
        for group in ("records", "latents"):
            rows = {
                name: draw.normal(size=value.shape).astype(value.dtype)
                for name, value in one.read(group, stream, 4, 8).items()
            }
            for storage in (spread, one):
                storage.write(group, stream, 4, rows)
    for stream in range(AGENTS * ENVS):
        for group in ("records", "latents"):
            found, wanted = (storage.read(group, stream, 2, 12) for storage in (spread, one))
            assert all(np.array_equal(found[name], value) for name, value in wanted.items()), stream
    chosen = np.array([[0, 3], [1, 5]], np.int32)
    for agent in range(AGENTS):
        found, wanted = (jax.tree.leaves(storage.windows(agent, chosen, 6)) for storage in (spread, one))
        assert all(np.array_equal(mine, other) for mine, other in zip(found, wanted, strict=True)), agent
    assert any(np.any(leaf) for leaf in jax.tree.leaves(one.windows(4, chosen, 6))), "nothing was compared"


if __name__ == "__main__":
    main()
