"""Times updates with the replay on the device, in host memory and on disk, in turns within one process.

    python -m benchmarks.replay_storage [--size size1m] [--image 64] [--rows 2000] [--due 1] [--updates 30]

Each turn inserts one record per environment and runs ``--due`` updates of 16 x 64 steps with every storage, as the
training loop does. Numbers are random; windows and updates are the same for all. Per storage: the median time of a
turn, and the median over turns of the ratio to the device, which a busy machine changes little. At the end the
parameters are compared bit for bit. Files lie in ``--folder``; the system caches them as it sees fit, so a replay that
is larger than free memory is slower than this.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.update_worker import walker_spec
from dreamerguard.schema import RuntimeSection
from dreamerguard_agent.base.spaces import ArraySpace, sort_spaces
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.replay.buffer import ReplayBuffer, create_storage, empty_ring
from dreamerguard_agent.replay.ring import StoredLatents
from dreamerguard_agent.replay.sampler import WindowSampler
from dreamerguard_agent.runtime import compiled, device
from dreamerguard_agent.runtime.compiled import CompiledFunctions
from dreamerguard_agent.runtime.storage_choice import STORAGES
from dreamerguard_agent.runtime.updates import update_sizes

ENVS, BATCH, LENGTH = 16, 16, 64


class Trainer:
    """A replay with one storage, and the compiled functions for it."""

    def __init__(
        self, spec: AgentSpec, storage: str, rows: int, due: int, folder: Path, batch: int = BATCH, length: int = LENGTH
    ) -> None:
        sizes = update_sizes(due, single=jax.default_backend() == "cpu")
        made = create_storage(lambda: empty_ring(spec, 1, ENVS, rows), storage, folder, length + 1, batch, sizes)
        sampler = WindowSampler(ENVS, ENVS * (rows - length), length + 1, rows, 0)
        self.replay, self.state = ReplayBuffer(made, [sampler], batch, length), compiled.initial_state(spec, [0])
        self._spec, self._due, self._random = spec, due, np.random.default_rng(0)
        self._sums: Any = None
        self._functions = CompiledFunctions(
            spec, [0], self.state, made.ring_of, self._obs(), inserts=made.inserts, batch=batch, length=length,
            most=due, notify=lambda text: None,
        )  # fmt: skip

    def insert(self) -> None:
        """Inserts a random record of every environment."""
        spec, draw = self._spec, self._random
        action = {key: draw.uniform(-1, 1, (ENVS, *space.shape)).astype(np.float32) for key, space in spec.act_space}
        deter = draw.normal(size=(ENVS, spec.model.deter)).astype(spec.compute)
        stoch = draw.integers(0, spec.model.classes, (ENVS, spec.model.stoch)).astype(np.int32)
        both = jax.device_put((action, StoredLatents(deter, stoch)))
        self.replay.insert(self._functions.insert_records, self._obs(), *both)

    def turn(self) -> float:
        """Inserts, updates, and returns the seconds until the device is done and the latents are stored."""
        start = time.perf_counter()
        self.insert()
        self.state, self._sums = self.replay.train(self._functions.run_updates, self.state, self._due, self._sums)
        self.replay.storage.read("latents", 0, 0, 1)
        jax.block_until_ready(self.state)
        return time.perf_counter() - start

    def _obs(self) -> Any:
        draw, obs = self._random, {}
        for key, space in self._spec.obs_space:
            drawn = (
                draw.integers(0, 256, (ENVS, *space.shape)) if space.image else draw.normal(size=(ENVS, *space.shape))
            )
            obs[key] = drawn.astype(space.dtype)
        flags = {key: draw.random(ENVS) < 0.01 for key in ("is_first", "is_last", "is_terminal")}
        return jax.device_put({**obs, "reward": draw.random(ENVS, np.float32), **flags})


def main() -> None:
    """Measures and prints a row per storage."""
    options = _options()
    device.configure(RuntimeSection())
    spec = walker_spec(options.size, "float32" if jax.default_backend() == "cpu" else "bfloat16")
    if options.image:
        image = {"image": ArraySpace("uint8", (options.image, options.image, 3))}
        spec = AgentSpec(sort_spaces(image), spec.act_space, spec.model, spec.optimizer, spec.loss, spec.dtype)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        trainers = {name: Trainer(spec, name, options.rows, options.due, Path(folder)) for name in options.storage}
        times = _measure(trainers, options)
        rows = [_row(name, times, options.storage[0]) for name in options.storage]
        params = [jax.device_get(trainer.state.params) for trainer in trainers.values()]
        equal = all(all((other[key] == params[0][key]).all() for key in other) for other in params[1:])
        for trainer in trainers.values():
            trainer.replay.close()
    for row in rows:
        print(f"{row['storage']:<8}{row['median_ms']:9.1f} ms{row['ratio']:8.3f} x {options.storage[0]}")
    print(f"parameters after {options.updates * options.due} updates: {'equal' if equal else 'DIFFERENT'}")
    if options.json:
        about = {"device": jax.devices()[0].device_kind, "cores": os.cpu_count(), "load": os.getloadavg()}
        about |= {"options": {**vars(options), "json": None}, "equal": equal}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1, default=str) + "\n")


def _measure(trainers: dict[str, Trainer], options: argparse.Namespace) -> dict[str, list[float]]:
    """Fills the replays and runs turns; the order of the storages changes from turn to turn."""
    for trainer in trainers.values():
        for _ in range(options.rows if options.fill else LENGTH * 2 + 1):
            trainer.insert()
        trainer.turn()
    times: dict[str, list[float]] = {name: [] for name in trainers}
    names = list(trainers)
    for number in range(options.updates):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            times[name].append(trainers[name].turn())
    return times


def _row(name: str, times: dict[str, list[float]], base: str) -> dict[str, Any]:
    ratio = statistics.median(mine / first for mine, first in zip(times[name], times[base], strict=True))
    return {"storage": name, "median_ms": 1e3 * statistics.median(times[name]), "ratio": ratio}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", nargs="+", default=list(STORAGES), choices=STORAGES)
    parser.add_argument("--size", default="size1m")
    parser.add_argument("--image", type=int, default=0, help="height and width of images; 0 for vectors")
    parser.add_argument("--rows", type=int, default=2000, help="records of each of the 16 environments")
    parser.add_argument("--fill", action=argparse.BooleanOptionalAction, default=True, help="fill the replay first")
    parser.add_argument("--due", type=int, default=1, help="updates of a turn")
    parser.add_argument("--updates", type=int, default=30, help="turns")
    parser.add_argument("--folder", type=Path, help="where files lie; by default the folder for temporary files")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
