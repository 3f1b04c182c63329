"""Environments of one task share one compilation of its model, and nothing else."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
import pytest

from dreamerguard_agent.envs.dmc import models
from dreamerguard_agent.envs.dmc.library import load_task

pytestmark = pytest.mark.integration


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Lists what MuJoCo compiles from here on."""
    original, calls = mujoco.MjModel.from_xml_string, list[Any]()

    def count(*arguments: Any) -> Any:
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(mujoco.MjModel, "from_xml_string", count)
    models._newest.clear()
    return calls


def _load(task: str, seed: int = 0) -> Any:
    return load_task(task, seed, None, render=False)[1]


def test_a_model_is_compiled_once(compiled: list[Any]) -> None:
    for seed in range(4):
        _load("walker_walk", seed).close()
    _load("walker_run").close()
    assert len(compiled) == 1
    _load("cheetah_run").close()
    assert len(compiled) == 2


@pytest.mark.parametrize("task", ["walker_walk", "finger_turn_hard", "quadruped_escape", "humanoid_CMU_run"])
def test_a_copy_equals_a_compilation(task: str, compiled: list[Any]) -> None:
    first, copied = (_load(task, 3) for _ in range(2))
    models._newest.clear()
    fresh = _load(task, 3)
    assert len(compiled) == 2
    sizes = [env.physics.model.to_bytes() for env in (first, copied, fresh)]
    assert sizes[0] == sizes[1] == sizes[2]


def test_a_change_of_one_environment_reaches_no_other(compiled: list[Any]) -> None:
    one, other = _load("reacher_easy", 0), _load("reacher_easy", 1)
    before = other.physics.model.to_bytes()
    one.reset()  # moves the target in the model
    one.physics.model.geom_size[:] += 1
    assert other.physics.model.to_bytes() == before
    assert _load("reacher_easy", 2).physics.model.to_bytes() == before
    assert len(compiled) == 1


def test_models_that_differ_by_their_assets_or_xml_are_compiled(compiled: list[Any]) -> None:
    sizes = [_load(f"swimmer_swimmer{count}").physics.model.nbody for count in (6, 15, 6)]
    assert sizes[0] == sizes[2] < sizes[1]
    assert len(compiled) == 3
    assert np.unique(sizes).size == 2
