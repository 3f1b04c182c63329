"""Several agents in one process: each learns what it learns alone, and nothing is compiled or moved in between."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from dreamerguard.logs.follow import find_runs
from dreamerguard.schema import RunConfig
from dreamerguard_agent.checkpoints.folder import newest_sound
from dreamerguard_agent.events import AgentEpisode, Silent
from dreamerguard_agent.loop import Run, RunResult, train
from dreamerguard_agent.runtime import compiled
from dreamerguard_agent.runtime.records import SeedRecords

#: Compiles a program for every number of agents: minutes on two cores.
pytestmark = pytest.mark.slow

SEEDS = (5, 6, 7)
FRAMES = 300
#: 150 agent steps of two environments; the first update comes with 16 windows, after 16 records of each.
UPDATES = (150 - 32) // 2 + 1
#: Updates after which nothing new may happen: the 60th step of the run is far from its first update and its end.
WATCHED = range(30, 60)
#: Largest deviation of a parameter after `UPDATES` updates. XLA multiplies matrices of three agents by other kernels
#: than those of one, so sums are rounded differently: 1e-7 at the first update, and what learning makes of it. A single
#: draw that falls otherwise would move a thousandth of the parameters by more than this.
TOLERANCE = 2e-6

SMALL: dict[str, Any] = {
    "task": "dmc_cartpole_balance",
    "size": "size200k",
    "purpose": "short",
    "seed": SEEDS[0],
    "run": {"frames": FRAMES, "train_ratio": 8, "envs": 2},
    "replay": {"batch_size": 2, "batch_length": 8, "capacity": 100},
    "model": {
        "deter": 16, "hidden": 8, "stoch": 2, "classes": 4, "blocks": 4, "units": 8, "bins": 15,
        "encoder_layers": 1, "decoder_layers": 1, "policy_layers": 1, "value_layers": 1,
    },
    "loss": {"imag_length": 3},
    "logging": {"every": 1e6, "tensorboard": False},
    "checkpoint": {"every": 1e6},
    "runtime": {"platform": "cpu"},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Seeds are arguments of the programs, so that runs of one shape compile once."""
    old = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("xla")))
    yield
    jax.config.update("jax_compilation_cache_dir", old)


class Heard(Silent):
    """Remembers episodes and rows."""

    def __init__(self) -> None:
        self.episodes: list[AgentEpisode] = []
        self.rows: list[dict[str, float]] = []

    def episode(self, frames: int, episode: AgentEpisode) -> None:
        self.episodes.append(episode)

    def metrics(self, row: Any) -> None:
        self.rows.append(dict(row))


@dataclass
class Watch:
    """Asked after every vector step: forbids implicit transfers and counts compilations in `WATCHED` steps."""

    run: Run | None = None
    steps: int = 0
    compiled: list[str] = field(default_factory=list)
    pointers: list[set[int]] = field(default_factory=list)

    def __call__(self) -> bool:
        self.steps += 1
        if self.steps == WATCHED.start:
            jax.config.update("jax_transfer_guard", "disallow")
        if self.steps in WATCHED:
            assert self.run is not None
            ring = jax.tree.leaves(self.run.state.replay.storage.ring)
            self.pointers.append({value.unsafe_buffer_pointer() for value in ring})
        if self.steps == WATCHED.stop:
            jax.config.update("jax_transfer_guard", "allow")
        return False

    def listen(self, event: str, seconds: float, **_: Any) -> None:
        if self.steps in WATCHED and "compile" in event:
            self.compiled.append(event)


def started(config: RunConfig, directory: Path, stop: Callable[[], bool], heard: Heard) -> tuple[Run, SeedRecords]:
    seeds = range(config.seed, config.seed + config.seeds)
    logs = SeedRecords(directory, seeds, {}, tensorboard=False)
    return Run(config, directory, None, heard), logs


@dataclass
class Trained:
    directory: Path
    outcome: RunResult
    heard: Heard
    watch: Watch


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    directory, heard, watch = tmp_path_factory.mktemp("together"), Heard(), Watch()
    watch.run, logs = started(RunConfig(**SMALL, seeds=3), directory, watch, heard)
    jax.monitoring.register_event_duration_secs_listener(watch.listen)
    try:
        with logs, closing(watch.run):
            outcome = watch.run.train(logs, watch)
    finally:
        jax.config.update("jax_transfer_guard", "allow")
    return Trained(directory, outcome, heard, watch)


@pytest.fixture(scope="module", params=SEEDS)
def alone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    directory = tmp_path_factory.mktemp("alone")
    outcome = train(RunConfig(**{**SMALL, "seed": request.param}), directory, Silent(), lambda: False)
    assert outcome.updates == UPDATES
    return request.param, directory


def kept(directory: Path, part: str) -> dict[str, Any]:
    """A part of the last checkpoint, read without knowing its structure."""
    found, damaged = newest_sound(directory / "checkpoints")
    assert found is not None and not damaged
    return found.part(part)


def records(directory: Path) -> dict[str, Any]:
    """Records of the last checkpoint, [N E, R, ...]; its few rows are one chunk of every stream."""
    found, _ = newest_sound(directory / "checkpoints")
    assert found is not None
    pieces = [piece.arrays for piece in found.pieces("records")]
    return {name: np.stack([piece[name] for piece in pieces]) for name in pieces[0]}


def last_row(directory: Path) -> dict[str, float]:
    return dict(json.loads((directory / "metrics.jsonl").read_text().splitlines()[-1]))


def test_every_agent_learns_what_it_learns_alone(together: Trained, alone: tuple[int, Path]) -> None:
    seed, directory = alone
    number = SEEDS.index(seed)
    assert together.outcome.updates == UPDATES
    mine, own = kept(together.directory, "learner"), kept(directory, "learner")
    assert mine["step"].tolist() == [UPDATES] * len(SEEDS)
    moved, apart = 0.0, 0.0
    before = jax.device_get(compiled.initial_state(together.watch.run.state.spec, [seed]).params)  # type: ignore[union-attr]
    for path, value in own.items():
        if not path.startswith("params/"):
            continue
        name = path.removeprefix("params/")
        apart = max(apart, float(np.abs(mine[path][number] - value).max()))
        moved = max(moved, float(np.abs(value - before[name]).max()))
    assert apart < TOLERANCE
    assert moved > 20 * TOLERANCE  # else nothing was learned, and equality says nothing
    row, other = last_row(together.directory / f"seed{seed}"), last_row(directory)
    assert row.keys() == other.keys()
    for name in ("loss/dyn", "loss/rew", "loss/policy", "loss/value", "opt/grad_norm"):
        assert row[name] == pytest.approx(other[name], rel=1e-3), name


def test_every_agent_draws_the_same_windows_as_alone(together: Trained, alone: tuple[int, Path]) -> None:
    seed, directory = alone
    number = SEEDS.index(seed)
    mine, own = kept(together.directory, "sampler"), kept(directory, "sampler")
    assert {name for name in mine if name.startswith(f"{number}.")} == {f"{number}.{name}" for name in own}
    for name, value in own.items():
        np.testing.assert_array_equal(mine[f"{number}.{name}"], value, err_msg=name)


def test_every_agent_meets_the_same_episodes_as_alone(together: Trained, alone: tuple[int, Path]) -> None:
    seed, directory = alone
    number = SEEDS.index(seed)
    mine, own = records(together.directory), records(directory)
    for name, value in own.items():
        # Up to the first update all that differs is how the initial policy's sums are rounded.
        streams = mine[name].reshape(len(SEEDS), *value.shape)
        np.testing.assert_allclose(streams[number, :, :16], value[:, :16], rtol=1e-5, atol=1e-6, err_msg=name)
    assert not np.array_equal(*mine["position"].reshape(len(SEEDS), -1)[:2])


def test_initial_agents_are_those_of_their_seeds(together: Trained) -> None:
    spec = together.watch.run.state.spec  # type: ignore[union-attr]
    many = jax.device_get(compiled.initial_state(spec, SEEDS).params)
    for number, seed in enumerate(SEEDS):
        one = jax.device_get(compiled.initial_state(spec, [seed]).params)
        for name, value in one.items():
            np.testing.assert_array_equal(many[name][number], value, err_msg=name)


def test_nothing_compiles_and_nothing_moves_unasked_once_it_runs(together: Trained) -> None:
    watch = together.watch
    assert watch.steps > WATCHED.stop  # an implicit transfer would have ended the run
    assert watch.compiled == []


def test_the_ring_stays_where_it_is(together: Trained) -> None:
    pointers = together.watch.pointers
    assert len(pointers) == len(WATCHED)
    assert all(later == pointers[0] for later in pointers)


def test_the_guard_and_the_counter_would_notice(together: Trained) -> None:
    with jax.transfer_guard("disallow"), pytest.raises(RuntimeError, match="transfer"):
        jax.jit(lambda x: x + 1)(np.ones(3))
    watch = Watch(steps=WATCHED.start)
    jax.monitoring.register_event_duration_secs_listener(watch.listen)
    jax.jit(lambda x: x * 3 + 1)(np.ones(7))
    watch.steps = 0
    assert watch.compiled


def test_readers_find_one_run_per_seed(together: Trained) -> None:
    assert sorted(path.name for path in find_runs([together.directory])) == ["seed5", "seed6", "seed7"]
    row = together.heard.rows[-1]
    own = [last_row(together.directory / f"seed{seed}") for seed in SEEDS]
    assert row["loss/policy"] == pytest.approx(np.mean([mine["loss/policy"] for mine in own]))
    assert len({mine["loss/policy"] for mine in own}) == len(SEEDS)


def test_a_stopped_run_of_several_seeds_continues(together: Trained, tmp_path: Path) -> None:
    config, steps = RunConfig(**{**SMALL, "logging": {"every": 1e6}}, seeds=3), iter(range(40))
    first = train(config, tmp_path, Silent(), lambda: next(steps, None) is None)
    assert (first.finished, first.frames) == (False, 160)
    second = train(config, tmp_path, Silent(), lambda: False)
    assert (second.finished, second.updates) == (True, UPDATES)
    for seed in SEEDS:
        lines = (tmp_path / f"seed{seed}" / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["frames"] for line in lines] == [160, FRAMES]
    assert kept(tmp_path, "learner")["step"].tolist() == [UPDATES] * len(SEEDS)
    sampler, own, whole = kept(tmp_path, "sampler"), records(tmp_path), records(together.directory)
    assert [sampler[f"{number}.counts"].tolist() for number in range(3)] == [[75, 75]] * 3
    assert own.keys() == whole.keys()
    for name, value in own.items():
        np.testing.assert_array_equal(value, whole[name], err_msg=name)
