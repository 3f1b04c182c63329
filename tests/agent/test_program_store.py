"""A later start reads the traced update from disk: it traces nothing, and trains the same run bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import train
from dreamerguard_agent.runtime import memory_budget, program_store

from .same_runs import SMALL, assert_same, everything, quick_compilation

pytestmark = pytest.mark.integration

SHORT = SMALL | {"run": SMALL["run"] | {"frames": 800}, "eval": {"every": 10_000, "episodes": 1}}


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    with quick_compilation(tmp_path / "cache"):
        yield tmp_path / "cache"


class Function:
    """Doubles and sums; counts how often it is traced."""

    __name__ = "function"

    def __init__(self, result: Callable[[Any], Any] | None = None) -> None:
        self.traced, self._result = 0, result or (lambda x: (2 * x["a"], {"sum": x["a"].sum()}, x))

    def __call__(self, x: Any, y: Any) -> Any:
        self.traced += 1
        return self._result({"a": x + y})

    def run(self, part: int = 0, size: int = 3) -> Any:
        x = np.arange(size, dtype=np.float32)
        return program_store.lower(self, [part], (jnp.asarray(x), jnp.asarray(x)), [0]).compile()(jnp.asarray(x), x)


@pytest.mark.slow
def test_a_later_start_traces_no_update_and_trains_the_same(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[str] = []

    def count(name: str) -> None:
        original = getattr(learner, name)

        def counted(*arguments: Any) -> Any:
            traced.append(name)
            return original(*arguments)

        monkeypatch.setattr(learner, name, counted)

    count("update")
    count("loss")

    def go(name: str) -> int:
        memory_budget._update_bytes.cache_clear()
        jax.clear_caches()
        traced.clear()
        (cache.parent / name).mkdir()
        assert train(RunConfig(**SHORT), cache.parent / name, Silent(), lambda: False).finished
        return len(traced)

    assert go("first") >= 2
    assert go("later") == 0
    jax.config.update("jax_compilation_cache_dir", None)
    assert go("direct") >= 2
    first, later, direct = (everything(cache.parent / name) for name in ("first", "later", "direct"))
    assert_same(first, later)
    assert_same(first, direct)


def test_what_tracing_reads_tells_programs_apart(cache: Path) -> None:
    function = Function()
    doubled, sums, _ = function.run()
    assert doubled.tolist() == [0, 4, 8] and float(sums["sum"]) == 6
    compiled = {path.name for path in cache.glob("*-cache")}
    for _ in range(2):
        function.run()
    assert function.traced == 1
    assert compiled == {path.name for path in cache.glob("*-cache")}, "read from disk, it is another program"
    function.run(part=1)
    function.run(size=4)
    assert function.traced == 3
    with jax.default_matmul_precision("highest"), jax.numpy_rank_promotion("raise"):
        function.run()
    assert function.traced == 4


@pytest.mark.parametrize("damage", [b"", b"x" * 400], ids=["empty", "other bytes"])
def test_a_damaged_entry_is_written_again(cache: Path, damage: bytes) -> None:
    function = Function()
    function.run()
    (entry,) = (cache / "traced").iterdir()
    entry.write_bytes(damage)
    assert function.run()[0].tolist() == [0, 4, 8]
    assert function.traced == 2
    function.run()
    assert function.traced == 2


def test_a_result_of_another_form_is_lowered_and_not_stored(cache: Path) -> None:
    function = Function(lambda x: ([x["a"], x["a"]], x["a"]))
    assert function.run()[0][1].tolist() == [0, 2, 4]
    assert not (cache / "traced").exists()


def test_a_folder_that_takes_nothing_stops_nothing(cache: Path) -> None:
    cache.mkdir(exist_ok=True)
    (cache / "traced").write_text("a file")
    assert Function().run()[0].tolist() == [0, 4, 8]


def test_other_code_is_another_entry(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter((1, 2, 3))
    assert [program_store.remembered("n", ["a"], lambda: next(numbers)) for _ in range(2)] == [1, 1]
    monkeypatch.setattr(program_store, "_code", lambda: "changed")
    assert program_store.remembered("n", ["a"], lambda: next(numbers)) == 2
