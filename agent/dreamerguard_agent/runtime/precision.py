"""Chooses the compute type of a run whose ``runtime.dtype`` is ``auto``: once, then it is stored with the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from dreamerguard.schema import RunConfig

from ..model.products import product, products_of
from .device import compute_dtype

#: Entry of a checkpoint that holds the compute type.
DTYPE = "dtype"
#: Least width of deter for mixed products, that of size1m: a narrower update gains a tenth at most
#: (`benchmarks/results/mixed.json`).
WIDE = 512
#: How much faster the measured product must be. The measured product is large and the best of many, so that the choice
#: does not depend on chance: 15 measurements with twice the rows, on two cores of an AMD EPYC with AVX512-BF16, gave
#: 1.7 to 2.0.
GAIN = 1.3
#: The measured product, [n, i] by [i, o], and its repetitions.
_SHAPE, _TIMES = (1024, 1024, 1024), 15


def run_dtype(config: RunConfig, stored: Mapping[str, Any] | None, say: Callable[[str], None]) -> str:
    """Returns the compute type of a run: as configured; as its checkpoint states; or the best one of this machine.

    Args:
      config: the run.
      stored: counters of the checkpoint that the run continues from; None for a new run.
      say: receives the choice, if there is one.
    """
    default = compute_dtype(config.runtime)
    if config.runtime.dtype != "auto" or jax.default_backend() != "cpu":
        return default
    if stored is not None:
        return "mixed" if stored.get(DTYPE) == "mixed" else default
    if config.model.deter < WIDE:
        return default
    gain = mixed_gain()
    chosen = "mixed" if gain >= GAIN else default
    say(
        f"runtime.dtype=auto: {chosen}; a product of bfloat16 with float32 sums is {gain:.1f} times as fast as float32"
        f" on this CPU, mixed needs {GAIN:g}"
    )
    return chosen


def mixed_gain() -> float:
    """Measures how many times as fast as in float32 a mixed product is. Takes less than a second."""
    rows, inputs, outputs = _SHAPE
    x, kernel = jnp.ones((rows, inputs), jnp.float32), jnp.ones((inputs, outputs), jnp.float32)
    compiled = []
    for dtype in ("float32", "mixed"):
        with products_of(dtype):
            compiled.append(jax.jit(lambda x, kernel: product(x, kernel)).lower(x, kernel).compile())
    turns = [[_seconds(call, x, kernel) for call in compiled] for _ in range(_TIMES)]
    exact, mixed = (min(times) for times in zip(*turns, strict=True))
    return exact / mixed


def _seconds(call: Callable[..., jax.Array], x: jax.Array, kernel: jax.Array) -> float:
    started = time.perf_counter()
    jax.block_until_ready(call(x, kernel))
    return time.perf_counter() - started
