"""New agents from the parameters of a checkpoint: which numbers are taken, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.algorithm.learner import TrainState
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.checkpoints import names
from dreamerguard_agent.checkpoints.errors import DoesNotMatch, NoSoundCheckpoint
from dreamerguard_agent.checkpoints.folder import Checkpoints
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import train
from dreamerguard_agent.pretrained import read_pretrained
from dreamerguard_agent.runtime import compiled

from .golden import below, load, named_files
from .golden_spec import spec_of as golden_spec
from .same_runs import SMALL, spec_of
from .test_plain_pickle import write_elements

pytestmark = pytest.mark.usefixtures("quick_programs")

SPEC = spec_of(SMALL)


def moved(spec: AgentSpec, seeds: list[int]) -> TrainState:
    """Returns agents with a slow value and a return scale that differ from those of new ones."""
    state = compiled.initial_state(spec, seeds)
    return jax.tree.map(lambda x: x + 1 if x.dtype == np.float32 else x, state)


def save(directory: Path, state: TrainState, frames: int) -> None:
    directory.mkdir(exist_ok=True)
    numbers: dict[str, Any] = {"frames": frames, "updates": 3, "vector_steps": 4, "starts": 1, "evaluations": 0}
    numbers |= {"ratio": {"first": 0, "done": 3, "numerator": 1, "denominator": 1}, "logs": {}}
    part = {"learner": names.flatten(jax.device_get(state))}
    Checkpoints(directory / "checkpoints", 5).save(frames // 8, numbers, part)


def same(first: Any, second: Any) -> None:
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(first), jax.device_get(second))


def test_all_numbers_but_the_optimizer_are_taken(tmp_path: Path) -> None:
    old = moved(SPEC, [5])
    save(tmp_path, old, 800)
    found = read_pretrained(str(tmp_path))
    assert (found.facts["frames"], found.facts["updates"], found.facts["format"]) == (800, 3, "dreamerguard")
    new = compiled.initial_state(SPEC, [1])
    state, line = found.applied(new, 1)
    same((state.params, state.slow, state.retnorm), (old.params, old.slow, old.retnorm))
    same((state.opt_state, state.step), (new.opt_state, new.step))
    assert f"{len(new.params)} of {len(new.params)} parameters" in line


def test_frames_choose_a_checkpoint(tmp_path: Path) -> None:
    save(tmp_path, moved(SPEC, [5]), 800)
    save(tmp_path, compiled.initial_state(SPEC, [7]), 1600)
    assert read_pretrained(str(tmp_path)).facts["frames"] == 1600
    assert read_pretrained(f"{tmp_path}@800").facts["frames"] == 800
    with pytest.raises(NoSoundCheckpoint, match="no checkpoint at 900 frames; it has 1,600 frames, 800 frames"):
        read_pretrained(f"{tmp_path}@900")


def test_parts_choose_parameters(tmp_path: Path) -> None:
    old, new = moved(SPEC, [5]), compiled.initial_state(SPEC, [1])
    save(tmp_path, old, 800)
    state, _ = read_pretrained(str(tmp_path), ["enc", "dyn/dyngru", "pol/*/bias"]).applied(new, 1)
    for path, value in state.params.items():
        taken = path.startswith(("enc/", "dyn/dyngru/")) or (path.startswith("pol/") and path.endswith("/bias"))
        same(value, (old if taken else new).params[path])
    same((state.slow, state.retnorm), (new.slow, new.retnorm))
    with pytest.raises(DoesNotMatch, match="no parameter fits 'encoder'; networks are con, dec, dyn"):
        read_pretrained(str(tmp_path), ["encoder"]).applied(new, 1)


def test_one_agent_starts_several_and_several_start_as_many(tmp_path: Path) -> None:
    one, two, new = moved(SPEC, [5]), moved(SPEC, [5, 6]), compiled.initial_state(SPEC, [1, 2])
    save(tmp_path / "one", one, 800)
    save(tmp_path / "two", two, 800)
    state, _ = read_pretrained(str(tmp_path / "one")).applied(new, 2)
    for index in range(2):
        picked = jax.tree.map(lambda x, index=index: x[index], (state.params, state.slow, state.retnorm))
        same(picked, (one.params, one.slow, one.retnorm))
    state, _ = read_pretrained(str(tmp_path / "two")).applied(new, 2)
    same((state.params, state.slow, state.retnorm), (two.params, two.slow, two.retnorm))
    with pytest.raises(DoesNotMatch, match="has 2 agents, and this run has 1"):
        read_pretrained(str(tmp_path / "two")).applied(compiled.initial_state(SPEC, [1]), 1)


def test_parameters_that_do_not_fit_are_named(tmp_path: Path) -> None:
    save(tmp_path, moved(SPEC, [5]), 800)
    other = spec_of({**SMALL, "model": {**SMALL["model"], "units": 12}})
    new = compiled.initial_state(other, [1])
    with pytest.raises(DoesNotMatch, match=r"con/mlp/linear0/kernel: \[24, 8\] in the checkpoint, \[24, 12\]"):
        read_pretrained(str(tmp_path)).applied(new, 1)
    state, line = read_pretrained(str(tmp_path), ["dyn/dyngru"]).applied(new, 1)
    assert "2 of" in line
    assert not np.array_equal(state.params["dyn/dyngru/bias"], new.params["dyn/dyngru/bias"])


@pytest.mark.parametrize("name", named_files("agent_*.npz"))
def test_a_checkpoint_of_the_reference_fits_by_its_own_paths(name: str, tmp_path: Path) -> None:
    arrays, meta = load(name)
    params = below(arrays, "params")
    write_elements(tmp_path / "ckpt", {"params": params, "counters": {"updates": 9}})
    spec = golden_spec(meta)
    found = read_pretrained(str(tmp_path))
    assert found.facts["updates"] == 9
    state, line = found.applied(compiled.initial_state(spec, [1]), 1)
    assert f"{len(state.params)} of {len(state.params)} parameters" in line
    for path, value in state.params.items():
        np.testing.assert_array_equal(value, params[path])
    for path, value in state.slow.items():
        np.testing.assert_array_equal(value, params[f"slow{path}"])
    np.testing.assert_array_equal(state.retnorm.hi, params["retnorm/hi/value"])


def test_paths_without_a_checkpoint_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, reason in (("absent", "does not exist"), ("file", "is not a folder"), ("", "has no checkpoint")):
        with pytest.raises(NoSoundCheckpoint, match=reason):
            read_pretrained(str(tmp_path / name))


def test_a_run_starts_from_parameters(tmp_path: Path) -> None:
    config = RunConfig(**{**SMALL, "eval": {"every": 0}})
    save(tmp_path, moved(SPEC, [5]), 800)
    found = read_pretrained(str(tmp_path))
    (tmp_path / "new").mkdir()
    assert not train(config, tmp_path / "new", Silent(), Stop(1), found).finished
    same(dict(read_pretrained(str(tmp_path / "new")).params), dict(found.params))  # no update was due yet


class Stop:
    """Asks a run to stop after some vector steps."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __call__(self) -> bool:
        self._left -= 1
        return self._left < 0
