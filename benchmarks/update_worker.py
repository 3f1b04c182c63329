"""Runs gradient updates of the bundled trainer on requests from `benchmarks.update` on standard input.

Observations and actions are those of walker-walk; with ``--observations pixels``, one image replaces the vectors. The
numbers are random.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import importlib.metadata
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.serving import ACTIONS, IMAGE, OBSERVATIONS, own_output, parser, serve
from dreamerguard.schema import LossSection, ModelSection, OptimizerSection, RuntimeSection
from dreamerguard.schema.sizes import SIZES
from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.algorithm.learner import Batch, TrainState
from dreamerguard_agent.base.pytree import Params
from dreamerguard_agent.base.spaces import ArraySpace, sort_spaces
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.fast import adjoint, observe
from dreamerguard_agent.fast.adjoint import UNROLL
from dreamerguard_agent.model.noise import draw_noise
from dreamerguard_agent.model.rssm import Latent
from dreamerguard_agent.runtime import compiled, device


def walker_spec(size: str, dtype: str, *, fast: bool = True, pixels: bool = False) -> AgentSpec:
    """Returns the agent specification of a named size for walker-walk, from its vectors or from an image."""
    obs = {key: ArraySpace("float32", shape) for key, shape in OBSERVATIONS.items()}
    if pixels:
        obs = {"image": ArraySpace("uint8", IMAGE)}
    act = {"action": ArraySpace("float32", (ACTIONS,))}
    model = ModelSection(**SIZES[size])
    spec = AgentSpec(sort_spaces(obs), sort_spaces(act), model, OptimizerSection(), LossSection(), dtype)
    return dataclasses.replace(spec, fast=fast)


def random_batch(spec: AgentSpec, batch: int, length: int) -> Batch:
    """Draws windows [batch, length + 1, ...] of random numbers, with a few resets and ends."""
    draw = np.random.default_rng(0)
    shape = (batch, length + 1)
    made: Batch = {}
    for key, space in spec.obs_space:
        drawn = (
            draw.integers(0, 256, (*shape, *space.shape)) if space.image else draw.normal(size=(*shape, *space.shape))
        )
        made[key] = drawn.astype(space.dtype)
    for key, space in spec.act_space:
        made[key] = draw.uniform(-1, 1, (*shape, *space.shape)).astype(np.float32)
    made["reward"] = draw.random(shape, np.float32)
    made |= {key: draw.random(shape) < 0.01 for key in ("is_first", "is_last", "is_terminal")}
    stoch = draw.integers(0, spec.model.classes, (batch, spec.model.stoch))
    deter = jnp.asarray(draw.normal(size=(batch, spec.model.deter)), spec.compute)
    return {**jax.tree.map(jnp.asarray, made), "context": Latent(deter, jnp.asarray(stoch, jnp.int32))}


def update_step(spec: AgentSpec, batch: int, length: int) -> Callable[..., Any]:
    """Returns ``(state, windows, key) -> state, latents, metrics``, which draws the noise and does one update."""

    def step(state: TrainState, windows: Batch, key: jax.Array) -> Any:
        return learner.update(spec, state, windows, draw_noise(spec, key, batch, length))

    return step


def main() -> None:
    """Compiles the update and serves requests until the input ends."""
    options, answers = _options(), own_output()
    device.configure(RuntimeSection(compilation_cache=False))
    observe.UNROLL = adjoint.UNROLL = options.unroll
    spec = walker_spec(
        options.size, options.dtype, fast=options.variant == "fast", pixels=options.observations == "pixels"
    )
    state = compiled.initial_state(spec, range(options.seeds))
    windows = random_batch(spec, options.batch, options.length)
    started = time.perf_counter()
    # All agents read the same windows; this does not change the time.
    update = compiled.for_agents(update_step(spec, options.batch, options.length), options.seeds, (0, None, None))
    lowered = jax.jit(update, donate_argnums=0).lower(state, windows, jax.random.key(0))
    compiled_update = device.compile_program(lowered)
    about = {
        "device": jax.devices()[0].device_kind,
        "versions": {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "numpy")},
        "parameters": sum(value.size for value in state.params.values()),
        "compile_s": time.perf_counter() - started,
    }
    count = 0

    def one() -> None:
        nonlocal state, count
        state, _, metrics = compiled_update(state, windows, jax.random.key(count))
        jax.block_until_ready((state, metrics))
        count += 1

    for _ in range(3):
        one()
    serve(one, answers, {**about, "digest": digest(state.params)})


def digest(params: Params) -> str:
    """Returns a short hash of all parameters: two programs that compute the same bits have the same."""
    found = hashlib.sha256()
    for path in sorted(params):
        found.update(np.asarray(params[path]).tobytes())
    return found.hexdigest()[:16]


def _options() -> argparse.Namespace:
    made = parser()
    made.add_argument("--variant", default="fast", choices=("fast", "readable"))
    made.add_argument("--seeds", type=int, default=1)
    made.add_argument(
        "--unroll",
        type=int,
        default=UNROLL,
        help="steps of the posterior scan in one turn of its loop, on an accelerator",
    )
    return made.parse_args()


if __name__ == "__main__":
    main()
