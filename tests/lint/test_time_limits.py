"""Tasks without a time limit are reported for every program whose settings limit no episode."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.lint.engine import check_command
from dreamerguard.sources.argv import read_command

DMC = "dmc_lqr_lqr_2_1"
SHEEPRL = "sheeprl exp=dreamer_v3_dmc_walker_walk env.wrapper.domain_name=lqr env.wrapper.task_name=lqr_2_1"
TORCHRL = "python sota-implementations/dreamer_v3/train.py --config-name=config_dmc_walker"
RAY = """from ray.rllib.algorithms.dreamerv3 import DreamerV3Config
config = DreamerV3Config().environment("DMC/lqr/lqr_2_1", env_config={"from_pixels": False})
"""


@pytest.mark.parametrize(
    ("command", "reported"),
    [
        (f"dreamerguard train {DMC}", True),
        ("dreamerguard train dmc_lqr_lqr_6_2 env.observation=vision", True),
        ("dreamerguard train dmc_walker_walk", False),
        (f"python dreamerv3/main.py --configs dmc_proprio --task {DMC}", True),
        (f"python dreamer.py --configs dmc_proprio --logdir x --task {DMC}", False),
        (f"python dreamer.py --configs dmc_proprio --logdir x --task {DMC} --time_limit 0", True),
        (f"python train.py env=dmc_proprio env.task={DMC}", False),
        (SHEEPRL, True),
        (f"{SHEEPRL} env.max_episode_steps=1000", False),
        (f"{TORCHRL} env.name=lqr env.task=lqr_2_1", False),
    ],
)
def test_a_task_without_a_limit_is_reported(command: str, reported: bool, tmp_path: Path) -> None:
    findings = check_command(read_command(command.split()), folder=tmp_path).active
    found = [item for item in findings if item.name == "no-time-limit"]
    assert len(found) == reported
    assert not found or (found[0].severity == "warning" and "suite/lqr.py" in found[0].evidence[0].text)


def test_rllib_is_reported_too(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(RAY, encoding="utf-8")
    result = check_command(read_command(["python", "train.py"]), folder=tmp_path)
    assert [item.name for item in result.active if item.name == "no-time-limit"] == ["no-time-limit"]


def test_tasks_states_it() -> None:
    shown = CliRunner().invoke(app, ["tasks", DMC])
    assert "no time limit: an episode ends only where the norm of the state is below 1e-6 (https://" in shown.stdout
    assert "no time limit" not in CliRunner().invoke(app, ["tasks", "dmc_walker_walk"]).stdout
    listed = json.loads(CliRunner().invoke(app, ["tasks", "--suite", "dmc_proprio", "--json"]).stdout)
    assert {row["task"] for row in listed["tasks"] if row["endless"]} == {DMC, "dmc_lqr_lqr_6_2"}
    lines = CliRunner().invoke(app, ["tasks", "-s", "dmc_proprio"]).stdout.splitlines()
    (row,) = (line for line in lines if DMC in line)
    assert "not in the papers, no time limit" in row
