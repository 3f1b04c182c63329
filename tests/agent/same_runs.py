"""All that two runs must share to be the same: parameters, replay, scores and running episodes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.checkpoints.folder import newest_sound

SMALL: dict[str, Any] = {
    "task": "dmc_cartpole_balance",
    "size": "size200k",
    "purpose": "short",
    "run": {"frames": 2400, "train_ratio": 8, "envs": 2},
    "env": {"action_repeat": 8},
    "replay": {"batch_size": 2, "batch_length": 8, "capacity": 60},  # soon full; its shapes do not depend on frames
    "model": {"deter": 16, "hidden": 8, "stoch": 2, "classes": 4, "blocks": 4, "units": 8, "bins": 15}
    | {"encoder_layers": 1, "decoder_layers": 1, "policy_layers": 1, "value_layers": 1, "prior_layers": 1},
    "loss": {"imag_length": 3},
    "eval": {"every": 1000, "episodes": 1},
    "logging": {"every": 1e6, "tensorboard": False},
    "runtime": {"platform": "cpu"},
}


@contextmanager
def quick_compilation(cache: Path, *, optimized: bool = False) -> Iterator[None]:
    """Compiles every program once while it is open, with few optimizations unless ``optimized``."""
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    changes = {
        "jax_compilation_cache_dir": str(cache),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_disable_most_optimizations": not optimized,
    }
    before = {name: jax.config.values[name] for name in changes}
    for values in (changes, before):
        for name, value in values.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        if values is changes:
            yield


def everything(directory: Path) -> dict[str, Any]:
    """Returns every array of the newest checkpoint and every row of the scores, without the time.

    Logs of a start that was killed before its first checkpoint, set aside in ``before-N``, do not belong to the run.
    """
    checkpoint, damaged = newest_sound(directory / "checkpoints")
    assert checkpoint is not None and not damaged
    found: dict[str, Any] = {"step": checkpoint.step, "frames": checkpoint.numbers["frames"]}
    for part in ("learner", "sampler", "envs"):
        found |= {f"{part}/{name}": value for name, value in checkpoint.part(part).items()}
    for group in sorted(checkpoint.tables):
        for piece in checkpoint.pieces(group):
            place = f"{group}/{piece.stream}/{piece.number}"
            found |= {f"{place}/{name}": value.copy() for name, value in piece.arrays.items()}
    assert {"learner", "sampler", "records", "latents"} <= {name.partition("/")[0] for name in found}
    for name in ("scores", "eval"):
        for path in sorted(directory.rglob(f"{name}.jsonl")):
            if path.relative_to(directory).parts[0].startswith("before-"):
                continue
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            found[str(path.relative_to(directory))] = [
                {key: value for key, value in row.items() if key != "time"} for row in rows
            ]
    return found


def assert_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Fails at the first difference."""
    apart = sorted(first.keys() ^ second.keys())
    assert not apart, f"only one of both has {', '.join(apart[:5])} ({len(apart)} in all)"
    for name, value in first.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, second[name], err_msg=name)
        elif isinstance(value, list):
            apart = [row for row in value if row not in second[name]], [row for row in second[name] if row not in value]
            assert value == second[name], f"{name}: only the first has {apart[0]}, only the second {apart[1]}"
        else:
            assert value == second[name], name


def spec_of(settings: dict[str, Any]) -> AgentSpec:
    """Returns the agent of a run of cartpole, without making an environment."""
    obs = {"position": ArraySpace("float32", (3,)), "velocity": ArraySpace("float32", (2,))}
    return AgentSpec.create(RunConfig(**settings), obs, {"action": ArraySpace("float32", (1,))}, "float32")
