"""What a run will need in memory, against what it allocates, and how it is refused."""

import re
from pathlib import Path
from typing import Any

import jax
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent import loop, running_episodes
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.envs import EnvError
from dreamerguard_agent.events import Silent
from dreamerguard_agent.replay.buffer import create_replay
from dreamerguard_agent.runtime import compiled, memory_budget
from dreamerguard_agent.runtime.storage_choice import Limits, choose_storage

pytestmark = pytest.mark.integration

STEPS = 5000
CONFIG: dict[str, Any] = {
    "task": "dmc_cartpole_balance",
    "purpose": "short",
    "run": {"frames": 2 * 4 * STEPS, "train_ratio": 8, "envs": 4},
    "replay": {"batch_size": 2, "batch_length": 8},
    "model": {"deter": 16, "hidden": 8, "stoch": 2, "classes": 4, "blocks": 4, "units": 8, "bins": 15},
    "loss": {"imag_length": 3},
    "runtime": {"platform": "cpu"},
}


def config(seeds: int = 1, capacity: int = 5_000_000, storage: str = "device", **replay: Any) -> RunConfig:
    replay = CONFIG["replay"] | {"capacity": capacity, "storage": storage} | replay
    return RunConfig(**(CONFIG | {"replay": replay}), seeds=seeds)


@pytest.fixture(scope="module")
def spec() -> AgentSpec:
    spaces = {"position": ArraySpace("float32", (3,)), "velocity": ArraySpace("float32", (2,))}
    return AgentSpec.create(config(), spaces, {"action": ArraySpace("float32", (1,), low=-1, high=1)}, "float32")


def fit(config: RunConfig, spec: AgentSpec, limit: int, disk: int = 0) -> str:
    """Chooses the storage on a machine without a GPU."""
    return choose_storage(config, spec, STEPS, Path("run"), Limits(True, limit, None, disk)).text


def size(tree: Any) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(tree))


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_budget_is_what_is_allocated(spec: AgentSpec, seeds: int) -> None:
    need = memory_budget.estimate(config(seeds), spec, STEPS, main_memory=True).device
    state = compiled.initial_state(spec, range(seeds))
    experience = create_replay(config(seeds), spec, STEPS, "device", Path(), (1,))
    assert need.parameters == size(state.params)
    assert need.optimizer == size(state.opt_state)
    assert need.slow == size((state.slow, state.retnorm, state.step))
    assert need.ring == size(experience.storage.ring)
    assert need.windows == seeds * 4 * STEPS * memory_budget.WINDOW_BYTES
    assert need.total == need.parameters + need.optimizer + need.slow + need.ring + need.windows + need.update
    assert memory_budget.estimate(config(seeds), spec, STEPS, main_memory=False).device.windows == 0


def test_the_estimate_of_an_update_grows_with_the_batch(spec: AgentSpec) -> None:
    small = memory_budget.estimate(config(), spec, STEPS, main_memory=False).device
    wide = config().model_copy(update={"replay": config().replay.model_copy(update={"batch_size": 20})})
    large = memory_budget.estimate(wide, spec, STEPS, main_memory=False).device
    assert large.parameters == small.parameters
    fixed = 2 * small.parameters
    assert large.update - fixed > 4 * (small.update - fixed)
    assert "(estimate)" in small.text()


def test_what_fits_is_shown_and_what_does_not_is_refused(spec: AgentSpec) -> None:
    need = memory_budget.estimate(config(3), spec, STEPS, main_memory=True).device.total
    line = fit(config(3), spec, need)
    assert line.startswith(
        f"memory: {memory_budget.format_bytes(need)} of {memory_budget.format_bytes(need)} main memory: parameters "
    )
    with pytest.raises(memory_budget.DoesNotFit, match=re.escape("--seeds 2 or replay.capacity=")):
        fit(config(3), spec, need - 1)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.99])
def test_the_advice_fits_and_no_more_would(spec: AgentSpec, share: float) -> None:
    limit = int(share * memory_budget.estimate(config(8), spec, STEPS, main_memory=True).device.total)
    with pytest.raises(memory_budget.DoesNotFit) as refused:
        fit(config(8), spec, limit)
    seeds = int(re.findall(r"--seeds (\d+)", str(refused.value))[0])
    fit(config(seeds), spec, limit)
    with pytest.raises(memory_budget.DoesNotFit):
        fit(config(seeds + 1), spec, limit)
    capacity = int(re.findall(r"replay\.capacity=(\d+)", str(refused.value))[0])
    fit(config(8, capacity), spec, limit)
    with pytest.raises(memory_budget.DoesNotFit):
        fit(config(8, int(capacity * 1.2) + 1000), spec, limit)


def test_where_nothing_fits_no_number_is_named(spec: AgentSpec) -> None:
    with pytest.raises(memory_budget.DoesNotFit, match="smaller model") as refused:
        fit(config(), spec, 1000)
    assert "--seeds" not in str(refused.value)


def test_memory_of_this_machine_is_known() -> None:
    limit = memory_budget.device_memory()
    assert limit is not None
    assert 2**28 < limit < 2**50


def test_a_run_is_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_budget, "device_memory", lambda: 100_000)
    monkeypatch.setattr(running_episodes, "make_agent_envs", lambda *_, **__: pytest.fail("environments were made"))
    monkeypatch.setattr(loop, "create_replay", lambda *_: pytest.fail("a replay was made"))
    with pytest.raises(memory_budget.DoesNotFit, match=r"only 100\.0 kB"):
        loop.train(config(), tmp_path, Silent(), lambda: False)


def test_an_unknown_task_is_refused_for_several_seeds_too(tmp_path: Path) -> None:
    with pytest.raises(EnvError):
        loop.train(config(2).model_copy(update={"task": "atari_pong"}), tmp_path, Silent(), lambda: False)


def test_the_command_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from dreamerguard.commands.app import app

    monkeypatch.setattr(memory_budget, "device_memory", lambda: 1_000_000)
    words = ["train", "dmc_cartpole_balance", "--seeds", "4", "size=size200k", "purpose=short", "run.frames=40000"]
    words += ["runtime.platform=cpu", "runtime.compilation_cache=false", "--logdir", str(tmp_path / "run")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2, done.output
    assert "error: the run needs" in done.output
    assert "but only 1.0 MB are available" in done.output
    assert not list((tmp_path / "run").glob("checkpoints/*"))
    # A corrected command may use the directory.
    assert not list((tmp_path / "run").rglob("run.yaml"))
