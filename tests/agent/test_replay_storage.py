"""A run gives the same results wherever its replay lies: on the device, in host memory or on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.checkpoints.errors import NotSaved
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import RunResult, train

from .same_runs import SMALL, assert_same, everything, quick_compilation

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("quick_programs")]

#: All that a run leaves in its directory: nothing of a replay on disk.
FILES = {"checkpoints", "scores.jsonl", "metrics.jsonl", "eval.jsonl", "seed0", "seed1", "not_finite"}


def after(calls: int) -> Callable[[], bool]:
    """Returns a wish to stop that comes true at call number ``calls``."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def never() -> bool:
    return False


class Heard(Silent):
    """Remembers notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def go(directory: Path, storage: str, stop: Callable[[], bool] = never, **changes: Any) -> RunResult:
    directory.mkdir(exist_ok=True)
    settings = {**SMALL, **changes}
    settings["replay"] = {**settings["replay"], "storage": storage}
    heard = Heard()
    try:
        return train(RunConfig(**settings), directory, heard, stop)
    finally:
        assert sum(f"(replay.storage={storage})" in note for note in heard.notes) == 1
        assert {path.name for path in directory.iterdir()} <= FILES


#: Eight updates at each vector step, in a replay that is soon full: windows overlap, and cross the end of the ring.
DENSE: dict[str, Any] = {"run": {"frames": 1200, "train_ratio": 64, "envs": 2}, "eval": {"every": 0}}


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("storage") / "device"
    assert go(directory, "device", **DENSE).updates > 400
    return directory


@pytest.mark.parametrize("storage", ["host", "disk"])
def test_runs_are_equal_bit_for_bit(dense: Path, tmp_path: Path, storage: str) -> None:
    go(tmp_path / "run", storage, **DENSE)
    assert_same(everything(dense), everything(tmp_path / "run"))


def test_later_starts_find_the_traced_update_of_a_packed_ring(tmp_path: Path) -> None:
    go(tmp_path / "run", "host", after(1), **DENSE)
    assert list((Path(jax.config.jax_compilation_cache_dir) / "traced").glob("scan_packed-*"))


@pytest.mark.slow
def test_runs_are_equal_with_all_optimizations(tmp_path: Path) -> None:
    with quick_compilation(tmp_path / "cache", optimized=True):
        for storage in ("device", "host", "disk"):
            go(tmp_path / storage, storage, **DENSE)
    for storage in ("host", "disk"):
        assert_same(everything(tmp_path / "device"), everything(tmp_path / storage))


@pytest.mark.slow
def test_the_storage_may_change_at_every_start(dense: Path, tmp_path: Path) -> None:
    for storage, calls in (("disk", 23), ("device", 10), ("host", 15)):
        assert not go(tmp_path / "run", storage, after(calls), **DENSE).finished
    assert go(tmp_path / "run", "disk", **DENSE).finished
    assert_same(everything(dense), everything(tmp_path / "run"))


class PowerCut(BaseException):
    """Ends a run as a kill does: nothing is saved."""


def test_steps_after_the_last_checkpoint_are_repeated_exactly(dense: Path, tmp_path: Path) -> None:
    """A ring on disk that ran ahead of the checkpoint is gone; the checkpoint's own copy counts."""
    left = iter(range(30))

    def cut() -> bool:
        if next(left, None) is None:
            raise PowerCut
        return False

    go(tmp_path / "run", "disk", after(30), **DENSE)
    with pytest.raises(PowerCut):
        go(tmp_path / "run", "disk", cut, **DENSE)
    go(tmp_path / "run", "disk", **DENSE)
    assert_same(everything(dense), everything(tmp_path / "run"))


def test_a_disk_that_fails_ends_the_run_and_loses_no_checkpoint(
    dense: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path / "run", "disk", after(30), **DENSE)
    calls, pwrite = iter(range(400)), os.pwrite

    def failing(*arguments: Any) -> int:
        if next(calls, None) is None:
            raise OSError(5, os.strerror(5))
        return pwrite(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", failing)
        with pytest.raises(NotSaved, match=r"the replay on disk cannot be written in .*: input/output error"):
            go(tmp_path / "run", "disk", **DENSE)
    go(tmp_path / "run", "host", **DENSE)
    assert_same(everything(dense), everything(tmp_path / "run"))


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["host", "disk"])
def test_several_agents_are_equal_bit_for_bit(tmp_path: Path, storage: str) -> None:
    settings = {**DENSE, "run": DENSE["run"] | {"frames": 800}, "seeds": 2}
    go(tmp_path / "device", "device", **settings)
    assert not go(tmp_path / "run", storage, after(25), **settings).finished
    assert go(tmp_path / "run", storage, **settings).finished
    assert_same(everything(tmp_path / "device"), everything(tmp_path / "run"))


@pytest.mark.slow
def test_batches_of_failed_updates_are_those_of_the_replay(tmp_path: Path) -> None:
    """Windows are numbered as in the whole ring, also where the update reads a packed one."""
    settings = {**DENSE, "numbers": {"policy": "skip"}, "loss": {"imag_length": 3, "scales": {"rew": 1e38}}}
    kept = {}
    for storage in ("device", "host", "disk"):
        go(tmp_path / storage, storage, after(30), **settings)
        kept[storage] = {path.name: content(path) for path in (tmp_path / storage / "not_finite").glob("*.npz")}
        assert kept[storage]
    for storage in ("host", "disk"):
        assert_same(kept["device"], kept[storage])


def content(path: Path) -> dict[str, Any]:
    with np.load(path) as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files}
