"""Which storage a run gets, what it says about it, and which numbers a refusal names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.runtime.memory_budget import DoesNotFit, StorageNeed, estimate
from dreamerguard_agent.runtime.storage_choice import STORAGES, ChosenStorage, Limits, choose_storage

from .same_runs import SMALL, spec_of

pytestmark = pytest.mark.integration

STEPS, HUGE = 200_000, 1 << 50


def config(storage: str = "auto", **replay: Any) -> RunConfig:
    batch = {"batch_size": 2, "batch_length": 8}  # and the usual capacity
    return RunConfig(**{**SMALL, "replay": batch | {"storage": storage} | replay})


@pytest.fixture(scope="module")
def spec() -> AgentSpec:
    return spec_of(SMALL)


@pytest.fixture(scope="module")
def gpu(spec: AgentSpec) -> dict[str, StorageNeed]:
    """Needs of a run on a GPU, by storage."""
    return {name: estimate(config(), spec, STEPS, main_memory=False, storage=name) for name in STORAGES}


def choose(spec: AgentSpec, limits: Limits, storage: str = "auto") -> ChosenStorage:
    return choose_storage(config(storage), spec, STEPS, Path("runs/one"), limits)


def test_each_part_counts_where_it_lies(gpu: dict[str, StorageNeed]) -> None:
    device, host, disk = (gpu[name] for name in STORAGES)
    ring = device.device.ring
    assert ring > 10**7
    assert host.device.ring == disk.device.ring == 0
    assert device.device.batches == 0 < host.device.batches == disk.device.batches < ring / 10
    assert (device.disk, host.disk, disk.disk) == (0, 0, ring)
    assert host.host == disk.host + ring
    assert disk.host > device.host > 0  # batches, and the lists of the samplers
    assert device.device.total - host.device.total == ring - host.device.batches


def test_auto_takes_the_first_that_fits_and_says_why(spec: AgentSpec, gpu: dict[str, StorageNeed]) -> None:
    device, host, disk = (gpu[name] for name in STORAGES)
    found = choose(spec, Limits(False, device.device.total, HUGE, HUGE))
    assert found.storage == "device"
    assert found.text.endswith("The replay is on the device (replay.storage=auto: it fits)")
    small = device.device.total - 1
    found = choose(spec, Limits(False, small, host.host, HUGE))
    assert found.storage == "host"
    assert "The replay is in host memory (replay.storage=auto: on the device, the run needs " in found.text
    assert "device memory, but only" in found.reason
    found = choose(spec, Limits(False, small, host.host - 1, disk.disk))
    assert found.storage == "disk"
    assert f"free in {Path('runs/one')} (replay.storage=auto: on the device, the run needs" in found.text
    assert "in host memory, the run needs" in found.reason and "of main memory, but only" in found.reason


def test_on_a_cpu_host_memory_is_no_alternative(spec: AgentSpec) -> None:
    need = estimate(config(), spec, STEPS, main_memory=True, storage="device")
    assert choose(spec, Limits(True, need.device.total, None, HUGE)).storage == "device"
    assert choose(spec, Limits(True, need.device.total - 1, None, HUGE)).storage == "disk"
    assert need.host == 0


def test_nothing_that_fits_is_refused_with_all_numbers(spec: AgentSpec, gpu: dict[str, StorageNeed]) -> None:
    device, host, disk = (gpu[name] for name in STORAGES)
    limits = Limits(False, device.device.total - 1, host.host - 1, disk.disk - 1)
    with pytest.raises(DoesNotFit) as refused:
        choose(spec, limits)
    text = str(refused.value)
    for part in ("of device memory, but only", "With the replay in host memory, the run needs", "of main memory"):
        assert part in text
    assert "With the replay on disk, the run needs" in text and f"of disk space in {Path('runs/one')}" in text
    assert "What fits: replay.capacity=" in text


@pytest.mark.parametrize("storage", STORAGES)
def test_what_is_configured_is_taken_or_refused(spec: AgentSpec, gpu: dict[str, StorageNeed], storage: str) -> None:
    need = gpu[storage]
    enough = Limits(False, need.device.total, max(need.host, gpu["host"].host), need.disk)
    assert choose(spec, enough, storage).storage == storage
    assert choose(spec, enough, storage).text.endswith(f"(replay.storage={storage})")
    changes = {
        "device": {"device": need.device.total - 1},
        "host": {"host": need.host - 1},
        "disk": {"disk": need.disk - 1},
    }
    short = Limits(False, HUGE, HUGE, HUGE)._replace(**changes[storage])
    other = "device" if storage != "device" else "host"
    with pytest.raises(DoesNotFit, match=f"but only .* are available.* or replay.storage={other}"):
        choose(spec, short, storage)


def test_limits_that_are_not_known_refuse_nothing(spec: AgentSpec) -> None:
    for storage in STORAGES:
        assert choose(spec, Limits(False, None, None, None), storage).storage == storage


def test_a_scratch_folder_must_exist(spec: AgentSpec, tmp_path: Path) -> None:
    limits = Limits(False, HUGE, HUGE, HUGE)
    found = choose_storage(config("disk", scratch=str(tmp_path)), spec, STEPS, Path("runs/one"), limits)
    assert found.folder == tmp_path and str(tmp_path) in found.text
    with pytest.raises(DoesNotFit, match=r"replay\.scratch is .*, which is no folder"):
        choose_storage(config("disk", scratch=str(tmp_path / "no")), spec, STEPS, Path("runs/one"), limits)
