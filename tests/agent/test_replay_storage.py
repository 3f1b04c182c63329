"""A run gives the same results wherever its replay lies: on the device, in host memory or on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import RunResult, train

from .same_runs import SMALL, assert_same, everything

pytestmark = pytest.mark.integration

STORAGES = ("device", "host", "disk")


def after(calls: int) -> Callable[[], bool]:
    """Returns a wish to stop that comes true at call number ``calls``."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def never() -> bool:
    return False


def go(directory: Path, storage: str, stop: Callable[[], bool] = never, **changes: Any) -> RunResult:
    directory.mkdir(exist_ok=True)
    settings = {**SMALL, **changes}
    settings["replay"] = {**settings["replay"], "storage": storage}
    return train(RunConfig(**settings), directory, Silent(), stop)


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiles every program once, with all optimizations: they must not make a difference."""
    from jax.experimental.compilation_cache import compilation_cache

    changes = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("cache")),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
    }
    before = {name: jax.config.values[name] for name in changes}
    for values in (changes, before):
        for name, value in values.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        if values is changes:
            yield


#: Eight updates at each vector step, in a replay that is soon full: windows overlap, and cross the end of the ring.
DENSE: dict[str, Any] = {
    "run": {"frames": 1600, "train_ratio": 64, "envs": 2},
    "replay": {"batch_size": 2, "batch_length": 8, "capacity": 60},
    "eval": {"every": 0},
}


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("storage") / "device"
    assert go(directory, "device", **DENSE).updates > 600
    return directory


@pytest.mark.parametrize("storage", ["host", "disk"])
def test_runs_are_equal_bit_for_bit(dense: Path, tmp_path: Path, storage: str) -> None:
    go(tmp_path / "run", storage, **DENSE)
    assert_same(everything(dense), everything(tmp_path / "run"))


def test_the_storage_may_change_at_every_start(dense: Path, tmp_path: Path) -> None:
    for storage, calls in (("disk", 23), ("device", 20), ("host", 25)):
        assert not go(tmp_path / "run", storage, after(calls), **DENSE).finished
    assert go(tmp_path / "run", "disk", **DENSE).finished
    assert_same(everything(dense), everything(tmp_path / "run"))
