"""Runs the trainer's updates with its replay, on requests from `benchmarks.gpu` on standard input.

One turn is one vector step of 16 environments at train ratio 1024: it stores 16 records and does 16 updates, which draw
windows, train and write latents back. The answer has one time per turn, divided by 16. On a CPU a turn has one update.
"""

from __future__ import annotations

import importlib.metadata
import tempfile
import time
from pathlib import Path

import jax

from benchmarks.replay_storage import Trainer
from benchmarks.serving import Requests, own_output, parser
from benchmarks.update_worker import digest, walker_spec
from dreamerguard.schema import RuntimeSection
from dreamerguard_agent.runtime import device


def main() -> None:
    """Fills the replay, compiles the updates and serves requests until the input ends."""
    options, answers = parser().parse_args(), own_output()
    about = device.configure(RuntimeSection(compilation_cache=False))
    due = 1 if about["platform"] == "cpu" else 16
    spec = walker_spec(options.size, options.dtype)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(spec, "device", 2000, due, Path(folder), options.batch, options.length)
        compiled = time.perf_counter() - started
        for _ in range(4 * options.length):
            trainer.insert()
        trainer.turn()
        requests = Requests(answers, _about(about, compiled, trainer))
        going = requests.due > 0
        while going:
            busy = time.process_time()
            wall = trainer.turn()
            going = requests.done(wall / due, (time.process_time() - busy) / due)


def _about(about: dict[str, object], compiled: float, trainer: Trainer) -> dict[str, object]:
    return {
        "device": about["device"],
        "versions": {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "numpy")},
        "parameters": sum(value.size for value in trainer.state.params.values()),
        "compile_s": compiled,
        "digest": digest(jax.device_get(trainer.state.params)),
    }


if __name__ == "__main__":
    main()
