"""Runs five updates on one device, or with every batch split over devices of one or of several processes.

    python -m tests.agent.split_batches.updates FOLDER DEVICES PROCESSES NUMBER ADDRESS

DEVICES is the number of devices of each process. Process NUMBER of PROCESSES passes its part of every batch. It writes
``NUMBER.npz`` into FOLDER: state, gradients of the first update, metrics, latents of the ring. With one device and one
process, nothing is split.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

FOLDER, DEVICES, PROCESSES, NUMBER = Path(sys.argv[1]), *map(int, sys.argv[2:5])
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={DEVICES}"

import jax  # noqa: E402
import numpy as np  # noqa: E402

if PROCESSES > 1:
    jax.distributed.initialize(sys.argv[5], PROCESSES, NUMBER)
jax.config.update("jax_disable_most_optimizations", True)

from dreamerguard.schema import LossSection, ModelSection, OptimizerSection  # noqa: E402
from dreamerguard_agent.algorithm import learner  # noqa: E402
from dreamerguard_agent.base.batch_axis import mean, own_part, split_over  # noqa: E402
from dreamerguard_agent.base.spaces import ArraySpace, sort_spaces  # noqa: E402
from dreamerguard_agent.base.spec import AgentSpec  # noqa: E402
from dreamerguard_agent.checkpoints import names  # noqa: E402
from dreamerguard_agent.model.noise import draw_noise  # noqa: E402
from dreamerguard_agent.replay.buffer import empty_agent_ring  # noqa: E402
from dreamerguard_agent.runtime import compiled, updates  # noqa: E402
from dreamerguard_agent.runtime.faults import fault_terms, no_faults  # noqa: E402
from dreamerguard_agent.runtime.split_updates import BatchShape, SplitUpdates  # noqa: E402

from ..same_runs import SMALL  # noqa: E402

BATCH, LENGTH, STREAMS, ROWS, UPDATES = 8, 4, 8, 12, 5


def spec() -> AgentSpec:
    """A small agent with two vectors, without a warm-up of the learning rate."""
    obs = {"angles": ArraySpace("float32", (2,)), "speed": ArraySpace("float32", (3,))}
    model = ModelSection.model_validate(SMALL["model"])
    act = {"action": ArraySpace("float32", (2,))}
    optimizer, loss = OptimizerSection(warmup=0), LossSection(imag_length=3)
    return AgentSpec(sort_spaces(obs), sort_spaces(act), model, optimizer, loss, "float32")


def filled_ring(made: AgentSpec) -> Any:
    """A ring of all streams with random records."""
    draw = np.random.default_rng(3)

    def values(leaf: Any) -> Any:
        if leaf.dtype == bool:
            return draw.random(leaf.shape) < 0.1
        drawn = draw.normal(size=leaf.shape) if leaf.dtype.kind == "f" else draw.integers(0, 4, leaf.shape)
        return np.asarray(drawn).astype(leaf.dtype)

    return jax.tree.map(values, jax.eval_shape(lambda: empty_agent_ring(made, STREAMS, ROWS)))


def windows(part: slice) -> np.ndarray[Any, Any]:
    """The windows of all updates, [K, 1, b, 2]: each stream gives one window, so that a process has its own streams."""
    starts = np.random.default_rng(4).integers(0, ROWS - LENGTH, (UPDATES, BATCH))
    streams = np.broadcast_to(np.arange(BATCH), starts.shape)
    both = np.stack([streams, starts], -1).astype(np.int32)[:, None, part]
    both[..., 0] -= part.start
    return both


def gradients(made: AgentSpec, state: Any, batch: Any) -> Any:
    """Loss and gradients of the first update; of the whole batch, also where this is a part of it."""
    noise = own_part(draw_noise(made, jax.random.key(0), BATCH, LENGTH))
    inputs = made, state.params, state.slow, state.retnorm, batch, noise
    (total, _), found = jax.value_and_grad(learner.loss, argnums=1, has_aux=True)(*inputs)
    return mean((total, found))


def split_gradients(made: AgentSpec, state: Any, batch: Any) -> Any:
    """The same, with the batch split over all devices."""

    def part(state: Any, batch: Any) -> Any:
        with split_over():
            return gradients(made, state, batch)

    mesh = jax.sharding.Mesh(np.asarray(jax.devices()), ("batch",))
    everywhere, parts = jax.sharding.PartitionSpec(), jax.sharding.PartitionSpec("batch")
    return jax.shard_map(part, mesh=mesh, in_specs=(everywhere, parts), out_specs=everywhere, check_vma=False)(
        state, batch
    )


def main() -> None:
    """Runs the updates and stores what they computed."""
    made = spec()
    rows = BATCH // PROCESSES
    part = slice(rows * NUMBER, rows * (NUMBER + 1))
    state = compiled.initial_state(made, [7])
    ring = jax.device_put(jax.tree.map(lambda leaf: leaf[part], filled_ring(made)))
    chosen, faults = jax.device_put(windows(part)), no_faults(1, rows, fault_terms(made))
    found: dict[str, Any] = {}
    if PROCESSES == 1:
        compute = gradients if DEVICES == 1 else split_gradients
        first = updates.batch_of(jax.jit(updates.replay_ring.gather, static_argnums=2)(ring, chosen[0, 0], LENGTH + 1))
        total, grads = jax.jit(compute, static_argnums=0)(made, state, first)
        found |= {"grads/loss": total, **{f"grads/{name}": value for name, value in grads.items()}}
    if DEVICES * PROCESSES == 1:
        run: Any = jax.jit(lambda *arguments: updates.scan_updates(made, LENGTH, *arguments))
    else:
        run = SplitUpdates(made, 7, state, ring, jax.devices(), BatchShape(BATCH, LENGTH), faults)
    seed = compiled.place_seeds([7])
    for number in range(UPDATES):
        state, ring, metrics, faults = run(seed, state, ring, chosen[number], np.int32(ROWS), faults)
        found |= {f"metrics/{number}/{name}": value for name, value in metrics.items()}
    found |= names.flatten({"state": state, "ring": ring.latents, "faults": dataclasses.replace(faults, windows={})})
    np.savez(FOLDER / f"{NUMBER}.npz", **{name: np.asarray(value) for name, value in found.items()})


if __name__ == "__main__":
    main()
