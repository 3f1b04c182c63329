"""torchrl's DreamerV3: how it is recognised, and its budgets against its training loops, written out again."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.budget import Budget
from dreamerguard.lint.engine import check_command
from dreamerguard.logs.detect import detect
from dreamerguard.programs.registry import recognise
from dreamerguard.programs.torchrl.budget import torchrl_budget
from dreamerguard.sources.argv import read_command

WALKER = "python sota-implementations/dreamer_v3/{} --config-name=config_dmc_walker"


def single_script(total: int, collected: int, ratio: float | None, updates: int, batch: int, warmup: int) -> int:
    """Updates of ``dreamer_v3.py`` (pytorch/rl at ae9719f)."""
    if ratio is not None:
        updates = max(1, round(collected * ratio / batch))
    held = made = 0
    for _ in range(math.ceil(total / collected)):
        held += collected
        made += updates if held >= warmup else 0
    return made


def several_files(total: int, collected: int, ratio: float, batch: int, warmup: int) -> int:
    """Updates of ``train.py`` (pytorch/rl at 039b49a) without counted reset records."""
    rate, previous, held, made = ratio / batch, None, 0, 0
    for _ in range(math.ceil(total / collected)):
        held += collected
        if held < warmup:
            continue
        if previous is None:
            previous, made = float(held), made + 1
            continue
        repeats = int((held - previous) * rate)
        previous += repeats / rate
        made += repeats
    return made


def budget_of(carries: bool, **values: float | None) -> Budget:
    keys = {
        "collector.total_frames": values["total"], "collector.frames_per_batch": values["collected"],
        "optimization.train_ratio": values["ratio"], "optimization.updates_per_batch": 3, "collector.num_envs": 1,
        "replay_buffer.batch_size": 4, "replay_buffer.seq_len": 16, "replay_buffer.warmup_factor": values["factor"],
        "replay_buffer.buffer_size": values.get("capacity", 1e6),
    }  # fmt: skip
    budget = torchrl_budget(lambda key: math.nan if keys[key] is None else float(keys[key]), carries=carries)
    assert budget is not None
    return budget


RUNS = {
    "total": st.integers(500, 20_000),
    "collected": st.sampled_from([16, 100, 200, 1000]),
    "factor": st.sampled_from([0, 1, 2, 5]),
}


@settings(max_examples=80, deadline=None)
@given(ratio=st.sampled_from([None, 0.5, 4.0, 32.0, 100.0, 1024.0]), **RUNS)
def test_single_script(total: int, collected: int, factor: int, ratio: float | None) -> None:
    expected = single_script(total, collected, ratio, 3, 64, factor * 64)
    budget = budget_of(False, total=total, collected=collected, factor=factor, ratio=ratio)
    assert budget.updates == pytest.approx(expected)


@settings(max_examples=80, deadline=None)
@given(ratio=st.sampled_from([0.5, 4.0, 32.0, 100.0, 1024.0]), **RUNS)
def test_several_files(total: int, collected: int, factor: int, ratio: float) -> None:
    expected = several_files(total, collected, ratio, 64, max(factor * 64, 17))
    budget = budget_of(True, total=total, collected=collected, factor=factor, ratio=ratio)
    assert budget.updates == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("carries", [False, True])
def test_a_replay_smaller_than_the_warm_up_never_trains(carries: bool) -> None:
    budget = budget_of(carries, total=5000, collected=200, factor=2, ratio=32, capacity=100)
    assert budget.updates == 0


def test_the_shipped_walker_run_by_hand() -> None:
    result = check_command(read_command(WALKER.format("dreamer_v3.py").split()))
    assert result.run.budget is not None
    # 1,100 batches of 1,000 steps; 1,024 steps are needed, so the second is the first that trains; 1000 updates each.
    assert result.run.budget.updates == 1099 * 1000
    assert result.run.update_share == 1 and not result.active


@pytest.mark.parametrize("script", ["dreamer_v3.py", "train.py"])
def test_a_low_ratio_is_found(script: str) -> None:
    result = check_command(read_command([*WALKER.format(script).split(), "optimization.train_ratio=32"]))
    (finding,) = [item for item in result.active if item.name == "low-train-ratio"]
    assert "1024" in finding.message.replace(",", "")
    assert finding.fix is not None and "optimization.train_ratio=1024" in str(finding.fix.command)


@pytest.mark.parametrize(
    "words",
    [
        "python dreamer_v3.py optimization.train_ratio=32",
        "python train.py collector.total_frames=5000 env.backend=dm_control env.name=walker env.task=run",
        "python rl/sota-implementations/dreamer_v3/train.py env.task=run",
        "srun python3 train.py --config-name=config_dmc_walker",
    ],
)
def test_recognised(words: str, tmp_path: Path) -> None:
    assert recognise(read_command(words.split()), tmp_path)[0].name == "torchrl"


def test_settings_beside_the_script_are_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "env:\n  backend: dm_control\n  name: cup\n  task: catch\ncollector:\n  frames_per_batch: 100\n"
        "  total_frames: 10000\nreplay_buffer:\n  buffer_size: 10000\n  batch_size: 16\n  seq_len: 64\n"
        "  warmup_factor: 1\noptimization:\n  updates_per_batch: 1\n  train_ratio: 8\n"
    )
    result = check_command(read_command(["python", "dreamer_v3.py"]), folder=tmp_path)
    assert result.dialect == "torchrl" and result.run.reference is not None
    assert result.run.reference.task == "dmc_cup_catch"
    assert result.run.budget is not None and result.run.budget.updates == 90  # at least one for each batch


def test_its_log_is_recognised(tmp_path: Path) -> None:
    rows = '{"type": "train_episode", "environment_steps": 1000, "score": 12.0}\n'
    (tmp_path / "dreamer_v3_dmc_walker.jsonl").write_text(rows)
    layout = detect(tmp_path)
    assert layout is not None and layout.program == "torchrl"
