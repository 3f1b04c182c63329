"""How many runs fit on a machine, and which GPU each has."""

from __future__ import annotations

import pytest

from dreamerguard.core.machine import Machine
from dreamerguard.sweep.engines.interface import EngineError
from dreamerguard.sweep.engines.slots import Slots
from dreamerguard.sweep.plan.sweep_file import EngineSettings

MACHINE = Machine(gpus=2, cpus=8, memory=64 * 10**9)


def slots(visible: str | None = None, **settings: object) -> Slots:
    return Slots.of_machine(EngineSettings.model_validate(settings), MACHINE, visible)


@pytest.mark.parametrize(
    ("settings", "free"),
    [
        ({}, 8),
        ({"cores_per_run": 3}, 2),
        ({"cores_per_run": 0.5}, 16),
        ({"cores_per_run": 64}, 1),  # one run always starts
        ({"gpus_per_run": 1}, 2),
        ({"gpus_per_run": 0.5}, 4),
        ({"gpus_per_run": 2}, 1),
        ({"gpus_per_run": 1, "gpus": (5,)}, 1),
        ({"gpus_per_run": 1, "slots": 8}, 2),
        ({"slots": 20}, 20),
        ({"memory_per_run": 20}, 3),
    ],
)
def test_numbers(settings: dict[str, object], free: int) -> None:
    assert slots(**settings).free == free


def test_a_run_that_does_not_fit_is_told() -> None:
    with pytest.raises(EngineError, match="a run takes 4 GPUs, but this machine has 2"):
        slots(gpus_per_run=4)


def test_runs_get_gpus_of_their_own_and_give_them_back() -> None:
    found = slots(gpus_per_run=1)
    assert {found.take("a"), found.take("b")} == {("0",), ("1",)}
    assert found.free == 0
    found.give_back("a")
    assert found.take("c") == ("0",)


def test_shared_gpus_are_filled_one_after_the_other() -> None:
    found = slots(gpus_per_run=0.5)
    assert [found.take(name) for name in "abcd"] == [("0",), ("0",), ("1",), ("1",)]


def test_only_visible_gpus_are_given() -> None:
    assert slots("GPU-x, 3", gpus_per_run=1).take("a") == ("GPU-x",)
    with pytest.raises(EngineError):
        slots("", gpus_per_run=1)


def test_the_gpu_of_an_adopted_run_is_taken() -> None:
    found = slots(gpus_per_run=1)
    found.keep("old", ["0"])
    assert found.take("new") == ("1",)
    assert found.free == 0
