"""Counts the kernels that one gradient update launches on an NVIDIA H100, on a machine without a GPU.

    python -m benchmarks.gpu_kernels --size size1m size12m --seeds 1 16 --variant fast

At these sizes a GPU spends an update mostly on launching kernels, about 2 microseconds each, and hardly on computing.
So the number of kernels is the best estimate of speed that a machine without a GPU can give. XLA compiles for a
described target without a driver. Besides jax, this needs the wheels of its CUDA plugin in the same version, and ptxas:

    pip install --no-deps jax-cuda12-plugin==0.10.2 jax-cuda12-pjrt==0.10.2 nvidia-cuda-nvcc-cu12

Limits: without a GPU XLA cannot time alternatives, so a matrix product may be one kernel more or less than on a GPU
(about 2 % of the total), and no figure here is a time.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import importlib.metadata
import itertools
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from jax.experimental import topologies

#: Packages of the plugin, all in the version of jax.
PLUGINS = ("jax-cuda12-plugin", "jax-cuda12-pjrt")
#: An H100 SXM as XLA describes devices; figures from https://github.com/openxla/xla/issues/25919.
H100 = """
gpu_device_info {
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  threads_per_block_limit: 1024 threads_per_warp: 32 threads_per_core_limit: 2048
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  shared_memory_per_block: 49152 shared_memory_per_block_optin: 232448 shared_memory_per_core: 233472
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  memory_bandwidth: 3352320000000 l2_cache_size: 52428800 device_memory_size: 84929347584
  cuda_compute_capability { major: 9 }
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 10 }
runtime_version { major: 12 minor: 9 patch: 0 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""
#: Instructions of a scheduled program that become one kernel each.
LAUNCHED = {
    *("fusion", "custom-call", "copy", "sort", "dot", "convolution", "reduce", "transpose", "concatenate", "scatter"),
    *("gather", "dynamic-slice", "dynamic-update-slice", "rng-bit-generator", "cholesky"),
}


@dataclass(frozen=True)
class Kernels:
    """The kernel launches of one call: the total, and ``name: kernels x times`` for the program and each loop."""

    total: int
    parts: tuple[str, ...]


def missing() -> str | None:
    """Returns why this machine cannot count kernels; None if it can."""
    for name in PLUGINS:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return f"{name} is not installed"
        if version != jax.__version__:
            return f"{name} is {version}, jax is {jax.__version__}"
    return None


def count_update(size: str, seeds: int = 1, variant: str = "fast", dtype: str = "bfloat16") -> Kernels:
    """Counts the kernels of one update of 16 x 64 steps, of ``seeds`` agents at once."""
    from benchmarks.update_worker import random_batch, update_step, walker_spec
    from dreamerguard_agent.algorithm import learner
    from dreamerguard_agent.base import loops

    spec, loops.PLATFORM = walker_spec(size, dtype, fast=variant == "fast"), "gpu"

    def arguments() -> Any:
        # Raw bits, because a sharding of the target cannot be given to typed keys.
        key = jax.random.key_data(jax.random.key(0))
        return learner.init_train_state(spec, jax.random.key(0)), random_batch(spec, 16, 64), key

    step = update_step(spec, 16, 64)

    def update(state: Any, batch: Any, key: jax.Array) -> Any:
        return step(state, batch, jax.random.wrap_key_data(key))

    shapes = jax.eval_shape(arguments)
    if seeds == 1:
        return count_kernels(update, *shapes)
    many = jax.tree.map(lambda x: jax.ShapeDtypeStruct((seeds, *x.shape), x.dtype), shapes)
    return count_kernels(jax.vmap(update), *many)


def count_kernels(function: Callable[..., Any], *shapes: Any) -> Kernels:
    """Compiles ``function`` for an H100 and arguments of these shapes, and counts the launches of a call."""
    computations, entry = _computations(_compile(function, shapes))
    parts: list[str] = []
    total = _count(computations, entry, 1, parts)
    return Kernels(total, tuple(parts))


def _compile(function: Callable[..., Any], shapes: Any) -> str:
    os.environ.setdefault("JAX_SKIP_CUDA_CONSTRAINTS_CHECK", "1")
    topology = topologies.get_topology_desc(platform="cuda", target_config=H100, topology="1x1x1")
    mesh = topologies.make_mesh(topology, (1,), ("device",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    placed = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), shapes)
    lowered = jax.jit(function, out_shardings=sharding).lower(*placed)
    text: str = lowered.compile(compiler_options={"xla_gpu_autotune_level": "0"}).as_text()
    return text


def _computations(text: str) -> tuple[dict[str, list[str]], str]:
    """Returns the lines of every computation of a program by name, and the name of the entry computation."""
    found: dict[str, list[str]] = {}
    entry, current = "", None
    for line in text.splitlines():
        if head := re.match(r"(ENTRY )?%?([\w.\-]+) \(.*\{\s*$", line):
            current = head.group(2)
            found[current] = []
            entry = current if head.group(1) else entry
        elif line.startswith("}"):
            current = None
        elif current and " = " in line:
            found[current].append(line)
    return found, entry


def _count(computations: dict[str, list[str]], name: str, times: int, parts: list[str]) -> int:
    kinds = [re.search(r" = (?:\(.*?\)(?=\s)|\S+) ([\w\-]+)\(", line) for line in computations[name]]
    counted = collections.Counter(kind.group(1) for kind in kinds if kind)
    here = sum(count for kind, count in counted.items() if kind in LAUNCHED)
    parts.append(f"{name}: {here} x {times}")
    total = here * times
    for line, kind in zip(computations[name], kinds, strict=True):
        if kind and kind.group(1) == "while":
            trips = re.search(r"known_trip_count\D*(\d+)", line)
            if trips is None:
                raise ValueError(f"a loop in {name} has no known length: a GPU would wait for the host at every step")
            total += _count(computations, _callee(line, "body"), times * int(trips.group(1)), parts)
        elif kind and kind.group(1) == "call":
            total += _count(computations, _callee(line, "to_apply"), times, parts)
    return total


def _callee(line: str, role: str) -> str:
    found = re.search(rf"{role}=%?([\w.\-]+)", line)
    assert found, line
    return found.group(1)


def main() -> None:
    """Counts the kernels of every combination, prints them and writes JSON."""
    parser = argparse.ArgumentParser(description="Counts the kernels of one gradient update on an H100.")
    parser.add_argument("--size", nargs="+", default=["size1m"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--variant", nargs="+", default=["fast"], choices=("fast", "readable"))
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if reason := missing():
        sys.exit(f"cannot count kernels: {reason}")
    rows = []
    for size, variant, seeds in itertools.product(options.size, options.variant, options.seeds):
        kernels = count_update(size, seeds, variant, options.dtype)
        rows.append({"size": size, "variant": variant, "seeds": seeds, **dataclasses.asdict(kernels)})
        print(f"{size} {options.dtype} {variant}, {seeds} seeds: {kernels.total} kernels", flush=True)
        print(*(f"  {part}" for part in kernels.parts), sep="\n", flush=True)
    if options.json:
        about = {"target": "NVIDIA H100 80GB HBM3", "dtype": options.dtype, "jax": jax.__version__}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
