"""Measures how long a save stops training, and what it writes, with a large replay.

    python -m benchmarks.save_pause [--storage disk] [--gb 2] [--updates 1] [--pace 20] [--saves 4] [--json FILE]

The replay is real: ring, sampler, copy, files. Training is inserting one record per environment and writing latents of
16 windows of 64 steps back per update, which is what a save has to work around. The learner's arithmetic is left out;
``--pace`` milliseconds of sleep stand for it. The longest step is the longest time from one step to the next during a
save: it contains copying chunks that are about to change, and copying others. "CPU" is the processor time of the
training thread in it: the time that would pass on a machine without other work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.checkpoints.folder import Checkpoints
from dreamerguard_agent.checkpoints.save_job import Content
from dreamerguard_agent.checkpoints.saver import BackgroundSaver
from dreamerguard_agent.replay.buffer import ReplayBuffer, create_storage
from dreamerguard_agent.replay.device_storage import DeviceStorage
from dreamerguard_agent.replay.ring import Ring, StoredLatents, create_ring, insert, write_back
from dreamerguard_agent.replay.sampler import WindowSampler

ENVS, BATCH, LENGTH = 8, 16, 64
OBS, ACT = {"vector": ArraySpace("float32", (24,))}, {"action": ArraySpace("float32", (6,))}


class Trainer:
    """A full replay and steps of training on it."""

    def __init__(self, size: float, deter: int, updates: int, pace: float, storage: str, folder: Path) -> None:
        row = 4 * deter + 32 + 4 * 30 + 7
        rows = int(size * 1e9 / ENVS / row)
        self._updates, self._random, self.rows = updates, np.random.default_rng(0), rows
        sizes: dict[str, Any] = {"deter": deter, "stoch": 32, "classes": 32, "dtype": jnp.float32}
        make = partial(create_ring, OBS, ACT, envs=ENVS, rows=rows, **sizes)
        made = create_storage(make, storage, folder, LENGTH + 1, BATCH, (1,))
        self.bytes = sum(value.size * value.dtype.itemsize for value in jax.tree.leaves(made.shapes))
        sampler = WindowSampler(ENVS, ENVS * (rows - LENGTH), LENGTH + 1, rows, 0, online=False)
        for _ in range(rows):
            sampler.add_all()
        self.replay = ReplayBuffer(made, [sampler], BATCH, LENGTH)
        self.replay.compile_copies()
        self._insert = jax.jit(insert, donate_argnums=0)
        self._write = jax.jit(write_back, donate_argnums=0)
        self._new = StoredLatents(
            self._random.normal(size=(BATCH, LENGTH, deter)).astype(np.float32),
            self._random.integers(0, 32, (BATCH, LENGTH, 32)).astype(np.uint8),
        )
        self._deter, self._pace = deter, pace

    def step(self) -> None:
        """Inserts a record of every environment and trains."""
        obs: dict[str, Any] = {"vector": np.ones((ENVS, 24), np.float32), "reward": np.ones(ENVS, np.float32)}
        obs |= {key: np.zeros(ENVS, bool) for key in ("is_first", "is_last", "is_terminal")}
        latents = StoredLatents(np.ones((ENVS, self._deter), np.float32), np.ones((ENVS, 32), np.uint8))
        self.replay.insert(self._store, obs, {"action": np.zeros((ENVS, 6), np.float32)}, latents)
        if self._updates:
            self.replay.train(self._train, None, self._updates, None)
        if isinstance(self.replay.storage, DeviceStorage):
            jax.block_until_ready(self.replay.storage.ring)
        time.sleep(self._pace)

    def _store(self, ring: Ring, obs: Any, action: Any, latents: Any, position: int) -> Ring:
        stored: Ring = self._insert(ring, obs, action, latents, np.int32(position))
        return stored

    def _train(self, state: None, ring: Ring, indices: Any, stored: int, sums: None) -> Any:
        for chosen in indices:
            ring = self._write(ring, chosen[:, :2], self._new, np.int32(stored))
        return state, ring, sums


def content(trainer: Trainer, checkpoints: Checkpoints) -> Content:
    """Returns a checkpoint of the replay alone, with the counters of no run."""
    step = trainer.replay.stored
    numbers = {"frames": step, "vector_steps": step, "updates": 0, "starts": 1, "evaluations": 0, "logs": {}}
    ratio = {"first": -1, "done": 0, "numerator": 1, "denominator": 1}
    copy = trainer.replay.copy(checkpoints.shared())
    return Content(step, step, {**numbers, "ratio": ratio}, {"sampler": trainer.replay.sampler_arrays()}, copy)


def measure_save(
    trainer: Trainer, saver: BackgroundSaver, checkpoints: Checkpoints, saved: list[int]
) -> dict[str, Any]:
    """Saves once during training and returns times in seconds and bytes."""
    before, steps, longest, copying, busiest = len(saved), 0, 0.0, 0.0, 0.0
    begin, used = time.perf_counter(), time.thread_time()
    saver.begin(content(trainer, checkpoints))
    first, first_cpu = time.perf_counter() - begin, time.thread_time() - used
    while len(saved) == before:
        start, used = time.perf_counter(), time.thread_time()
        trainer.step()
        middle = time.perf_counter()
        saver.advance()
        busiest = max(busiest, time.thread_time() - used)
        end = time.perf_counter()
        longest, copying, steps = max(longest, end - start), copying + end - middle, steps + 1
    folder = checkpoints.directory / str(saved[-1])
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    linked = [name for name in sizes if name.startswith("replay-") and not name.startswith(f"replay-{saved[-1]}-")]
    seconds = time.perf_counter() - begin
    facts = {"begin": first, "longest_step": longest, "seconds": seconds, "steps": steps, "copying": copying}
    facts |= {"begin_cpu": first_cpu, "longest_step_cpu": busiest}
    return facts | {"written": sum(sizes.values()) - sum(sizes[name] for name in linked), "whole": sum(sizes.values())}


def main() -> None:
    """Prints a row per save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", default="device", choices=("device", "host", "disk"))
    parser.add_argument("--gb", type=float, default=2.0)
    parser.add_argument("--deter", type=int, default=512)
    parser.add_argument("--updates", type=int, default=1)
    parser.add_argument("--pace", type=float, default=20.0, help="milliseconds of every step beside the replay")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--saves", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="where to save; by default a temporary folder")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    place = options.folder or Path(tempfile.gettempdir())
    trainer = Trainer(options.gb, options.deter, options.updates, options.pace / 1000, options.storage, place)
    rows = [{"replay": trainer.bytes, **measure_alone(trainer, options.steps)}]
    print(f"replay {trainer.bytes / 1e9:.2f} GB; a step without a save: median {rows[0]['median'] * 1e3:.1f} ms,"
          f" longest {rows[0]['longest'] * 1e3:.0f} ms")  # fmt: skip
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        saved: list[int] = []
        checkpoints = Checkpoints(Path(folder) / "checkpoints", keep=2)
        saver = BackgroundSaver(checkpoints, every=1e9, max_unsaved=1e9, say=print, saved=saved.append)
        for number in range(options.saves):
            for _ in range(options.steps if number else 0):
                trainer.step()
            row = measure_save(trainer, saver, checkpoints, saved)
            rows.append(row)
            print(f"save {number + 1}: stop at its beginning {row['begin'] * 1e3:.0f} ms (CPU"
                  f" {row['begin_cpu'] * 1e3:.0f}), longest step {row['longest_step'] * 1e3:.0f} ms (CPU"
                  f" {row['longest_step_cpu'] * 1e3:.0f}), {row['seconds']:.1f} s in the background over {row['steps']}"
                  f" steps, wrote {row['written'] / 1e6:,.0f} of {row['whole'] / 1e6:,.0f} MB", flush=True)  # fmt: skip
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    if options.json:
        about = {"cores": os.cpu_count(), "load": os.getloadavg(), "options": {**vars(options), "json": None}}
        options.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1, default=str) + "\n")


def measure_alone(trainer: Trainer, steps: int) -> dict[str, float]:
    """Measures steps without a save."""
    times = []
    for _ in range(max(steps, 20)):
        start = time.perf_counter()
        trainer.step()
        times.append(time.perf_counter() - start)
    return {"median": float(np.median(times[10:])), "longest": max(times[10:])}


if __name__ == "__main__":
    main()
