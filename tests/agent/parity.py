"""How far our numbers may be from golden ones, by kind, and the comparison itself.

Tolerances are those of the golden files' README: a second implementation in plain JAX, on other machines, was measured
and given a margin.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .golden import Arrays, below

VALUES, GRADIENTS, STAGES, CHANGE, BINS = 5e-6, 5e-5, 3e-5, 6e-6, 1e-5

#: `jax.jit` that compiles in a third of the time and computes what it is told to: these programs run a few times only.
quick_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})

#: `jax.jit` that compiles as a run does, whatever `tests/conftest.py` asks of XLA.
as_in_a_run = functools.partial(
    jax.jit,
    compiler_options={
        "xla_backend_optimization_level": 3,
        "xla_cpu_use_fusion_emitters": True,
        "xla_cpu_parallel_codegen_split_count": 32,
    },
)

#: Inputs and outputs of a case by name.
Flat = dict[str, Any]


class Parity:
    """Compares and records. ``record(group, deviation, tolerance)`` is called once per array."""

    def __init__(self, record: Callable[[str, float, float], None]) -> None:
        self._record = record

    def values(self, group: str, got: Any, want: Any, name: str = "", tolerance: float = VALUES) -> None:
        """``|got - want| / max(1, max |want|)``."""
        self._compare(group, got, want, name, tolerance, 1.0)

    def gradients(self, group: str, got: Any, want: Any, name: str = "", tolerance: float = GRADIENTS) -> None:
        """``|got - want| / max(1e-3, max |want|)``; a gradient that is stored as exactly 0 must be exactly 0."""
        if not np.any(want):
            self.exact(f"{group}, zero", got, want, name)
        else:
            self._compare(group, got, want, name, tolerance, 1e-3)

    def absolute(self, group: str, got: Any, want: Any, name: str, tolerance: float) -> None:
        """``|got - want|``."""
        self._compare(group, got, want, name, tolerance, None)

    def relative(self, group: str, got: Any, want: Any, name: str, tolerance: float) -> None:
        """``|got - want| / |want|``, number by number; 0 must be 0."""
        want = np.asarray(want, np.float64)
        nonzero = np.where(want == 0, 1, want)
        self._compare(group, np.asarray(got) / nonzero, want / nonzero, name, tolerance, None)

    def exact(self, group: str, got: Any, want: Any, name: str = "") -> None:
        """Equal, number by number."""
        self._compare(group, got, want, name, 0.0, None)

    def _compare(self, group: str, got: Any, want: Any, name: str, tolerance: float, floor: float | None) -> None:
        got, want = np.asarray(got), np.asarray(want)
        assert got.shape == want.shape, f"{group} {name}: shape {got.shape}, not {want.shape}"
        got, want = got.astype(np.float64), want.astype(np.float64)
        if want.size == 0:
            return
        size = 1.0 if floor is None else max(floor, float(np.abs(want).max()))
        deviation = float(np.abs(got - want).max() / size)
        self._record(group, deviation, tolerance)
        assert deviation <= tolerance, f"{group} {name}: off by {deviation:.2e}, allowed are {tolerance:.0e}"


def named(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays under a prefix by name; a single array has the name ''."""
    return {"": arrays[prefix]} if prefix in arrays else below(arrays, prefix)


def by_key(arrays: Arrays, prefix: str, keys: list[str]) -> Arrays:
    """The arrays of several keys: ``prefix/KEY``, or ``prefix`` itself where there is but one key."""
    if prefix in arrays:
        assert len(keys) == 1, f"{prefix} is one array for {keys}"
        return {keys[0]: arrays[prefix]}
    return {key: arrays[f"{prefix}/{key}"] for key in keys}


def check_case(
    parity: Parity,
    arrays: Arrays,
    case: str,
    function: Callable[[Flat, Flat], Flat],
    group: str,
    exact: tuple[str, ...] = (),
    params: Arrays | None = None,
) -> None:
    """Compares every stored output and gradient of one case with those of a function.

    Args:
      parity: where deviations go.
      arrays: the golden file.
      case: ``CASE`` of its keys.
      function: ``(params, inputs) -> outputs``, all by name.
      group: name in the summary.
      exact: outputs that must be equal bit by bit.
      params: parameters where the case has none of its own.
    """
    params = below(arrays, f"{case}/params") if params is None else params
    inputs, cotangents = below(arrays, f"{case}/in"), named(arrays, f"{case}/cot")
    fixed = {key: value for key, value in inputs.items() if not np.issubdtype(value.dtype, np.floating)}
    free = {key: value for key, value in inputs.items() if key not in fixed}

    def weighted(params: Flat, free: Flat, weights: Flat) -> tuple[Any, Flat]:
        outputs = function(params, {**fixed, **free})
        return sum((jnp.sum(weights[name] * outputs[name]) for name in weights), jnp.float32(0)), outputs

    pull = quick_jit(jax.grad(weighted, (0, 1), has_aux=True))
    _, outputs = pull(params, free, cotangents) if cotangents else (None, quick_jit(weighted)(params, free, {})[1])
    for name, value in named(arrays, f"{case}/out").items():
        if name in exact or not np.issubdtype(value.dtype, np.floating):
            parity.exact(f"{group}, exact", outputs[name], value, f"{case}/{name}")
        else:
            parity.values(group, outputs[name], value, f"{case}/{name}")
    if cotangents:
        stored = below(arrays, f"{case}/grad")
        _check_gradients(parity, stored, lambda w: pull(params, free, w)[0], f"{group}, gradients", cotangents)


def _check_gradients(
    parity: Parity, stored: Arrays, pull: Callable[[Flat], Any], group: str, cotangents: Arrays
) -> None:
    """Every output together (``params/...``, ``in/...``), or one at a time (``OUTPUT/params/...``) where so stored."""
    silent = {name: np.zeros_like(value) for name, value in cotangents.items()}
    wanted: dict[str, Mapping[str, Any]] = {"": cotangents}
    if not any(key.startswith(("params/", "in/")) for key in stored):
        wanted = {f"{name}/": {**silent, name: value} for name, value in cotangents.items()}
    compared = 0
    for prefix, weights in wanted.items():
        by_param, by_input = pull(weights)
        got = {f"{prefix}params/{key}": value for key, value in by_param.items()}
        got |= {f"{prefix}in/{key}": value for key, value in by_input.items()}
        for key in got.keys() & stored.keys():
            parity.gradients(group, got[key], stored[key], key)
            compared += 1
    assert compared == len(stored), f"compared {compared} of {len(stored)} stored gradients"
