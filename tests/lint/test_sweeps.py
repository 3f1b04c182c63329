"""Sweeps and loops as a whole: which runs are linted, and how their findings are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.reports.full import render_full
from dreamerguard.reports.json import render_json
from dreamerguard.reports.repository_summary import render_tree
from dreamerguard.sources.argv import read_command

SHEEPRL = ("python", "sheeprl.py", "-m")
WALKER = (*SHEEPRL, "exp=dreamer_v3_dmc_walker_walk")
WANDB = """program: dreamerv3/main.py
method: grid
command: ["${env}", python, "${program}", --configs, dmc_proprio, --task, dmc_walker_walk, --logdir, x, "${args}"]
parameters:
"""


def lint(*words: str) -> Result:
    return check_command(read_command(words))


def told(result: Result) -> list[tuple[str, str]]:
    return [(item.name, item.message.rpartition(" (")[2].rstrip(")")) for item in result.findings]


def test_one_story_names_all_its_values() -> None:
    result = lint(*WALKER, "algo.replay_ratio=0.5,0.01,0.001", "seed=1,2")
    assert told(result) == [("low-train-ratio", "with algo.replay_ratio=0.001, also 0.01; 4 of 6 runs")]
    assert result.findings[0].primary.span.text == "0.001"
    assert result.findings[0].fix is None
    assert "in 6 runs of a sweep" in render_full(result)
    assert json.loads(render_json(result))["sweep"] == {"runs": 6, "linted": 6}


def test_a_fault_of_all_runs_names_no_value() -> None:
    (finding,) = lint(*WALKER, "algo.replay_ratio=0.01", "seed=1,2").findings
    assert "with" not in finding.message
    assert finding.fix is not None
    assert "seed=1,2" in str(finding.fix.command)


def test_a_sound_sweep_is_silent() -> None:
    result = lint(*WALKER, "algo.replay_ratio=0.5", "seed=range(1,6)")
    assert not result.findings
    assert result.judged.everything
    assert "no problems found" in render_full(result)


def test_every_experiment_of_a_sweep_is_a_run() -> None:
    result = lint(*SHEEPRL, "exp=dreamer_v3_dmc_walker_walk,dreamer_v3_dmc_nope", "algo.replay_ratio=0.5")
    assert told(result) == [("unknown-option", "with exp=dreamer_v3_dmc_nope; 1 of 2 runs")]


def test_a_sweep_over_environments_is_recognised() -> None:
    result = lint("python", "train.py", "-m", "env=dmc_vision,metaworld", "env.task=dmc_walker_walk")
    assert told(result) == [("suite-mismatch", "with env=metaworld; 1 of 2 runs")]


def test_opposite_faults_are_two_stories() -> None:
    result = lint(
        "python3", "train.py", "-m", "env=dmc_vision", "env.task=dmc_walker_walk", "env.train_ratio=4,512,99999"
    )
    assert {name for name, _ in told(result)} >= {"low-train-ratio"}
    assert all("env.train_ratio=" in values for _, values in told(result))


@pytest.mark.parametrize("place", [0, 31, 63])
def test_a_harmful_value_is_not_lost_by_the_bound(place: int) -> None:
    ratios = ["0.5"] * 64
    ratios[place] = "0.001"
    result = lint(*WALKER, f"algo.replay_ratio={','.join(ratios)}", f"seed=range(0,{40})", "env.num_envs=4,5,6")
    assert result.sweep is not None
    assert result.sweep.runs == 64 * 40 * 3
    assert result.sweep.linted < 100
    assert "low-train-ratio" in [name for name, _ in told(result)]


def test_two_values_that_harm_together_are_found() -> None:
    one = lint(*WALKER, "algo.replay_ratio=0.35,0.5", "algo.total_steps=125000,250000")
    many = lint(
        *WALKER, "algo.replay_ratio=0.5,0.35", "algo.total_steps=250000,125000", f"seed={','.join(map(str, range(44)))}"
    )
    assert many.sweep is not None
    assert many.sweep.linted < many.sweep.runs
    assert many.run.update_share == pytest.approx(one.run.update_share)


def test_a_run_that_is_not_judged_is_counted() -> None:
    words = ("env=dmc_vision", "env.task=dmc_walker_walk,metaworld_door-open")
    result = lint("python", "train.py", "-m", *words)
    assert result.sweep is not None
    assert result.unjudged == 1
    assert "1 of 2 runs" in render_full(result)


def test_a_sweep_file(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(
        f"{WANDB}  run.train_ratio: {{values: [1024, 64, 32]}}\n  seed: {{values: [0, 1]}}\n"
    )
    outcome = check_tree([tmp_path])
    (result,) = outcome.results
    assert (outcome.commands, result.runs) == (1, 6)
    assert told(result) == [("low-train-ratio", "with run.train_ratio=32, also 64; 4 of 6 runs")]
    assert str(result.findings[0].primary.span) == "sweep.yaml:5:40"
    assert "danijar: 6 runs" in render_tree(outcome)


def test_a_distribution_is_named_and_nothing_rests_on_it(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(f"{WANDB}  run.train_ratio: {{min: 1.0, max: 32.0}}\n")
    outcome = check_tree([tmp_path])
    assert not [item for result in outcome.results for item in result.findings]
    assert "run.train_ratio is chosen while the sweep runs" in render_tree(outcome)


def test_two_sweep_files_of_one_program(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"{WANDB}  run.train_ratio: {{values: [512, 256]}}\n")
    (tmp_path / "b.yaml").write_text(f"{WANDB}  run.train_ratio: {{values: [512, 32]}}\n")
    assert check_tree([tmp_path]).commands == 2


def test_a_sweep_of_another_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("program: other.py\nmethod: grid\nparameters: {lr: {values: [1, 2]}}\n")
    outcome = check_tree([tmp_path])
    assert not outcome.checked
    assert outcome.unread == ["a.yaml is a sweep that starts no supported program, so it was not judged"]


LOOP = """for task in walker_walk cheetah_run; do
  for ratio in 512 32 64; do
    python train.py env=dmc_vision env.task=dmc_$task env.train_ratio=$ratio logdir=x/$task/$ratio
  done
done
"""


def test_a_loop_is_one_command(tmp_path: Path) -> None:
    (tmp_path / "go.sh").write_text(LOOP)
    (result,) = check_tree([tmp_path]).results
    assert result.runs == 6
    assert ("low-train-ratio", "with env.train_ratio=32, also 64; 4 of 6 runs") in told(result)


ARRAY = """#!/bin/bash
#SBATCH --array=0-5
RATIOS=(512 32 64)
TASKS=(walker_walk cheetah_run)
python train.py env=dmc_vision env.task=dmc_${TASKS[$((SLURM_ARRAY_TASK_ID / 3))]} \\
  env.train_ratio=${RATIOS[SLURM_ARRAY_TASK_ID % 3]} seed=$SLURM_ARRAY_TASK_ID
"""


def test_an_array_job_is_one_command(tmp_path: Path) -> None:
    (tmp_path / "job.sbatch").write_text(ARRAY)
    outcome = check_tree([tmp_path])
    (result,) = outcome.results
    assert (outcome.commands, result.runs) == (1, 6)
    assert ("low-train-ratio", "with env.train_ratio=32, also 64; 4 of 6 runs") in told(result)


def test_a_sound_array_job_is_silent(tmp_path: Path) -> None:
    (tmp_path / "job.sbatch").write_text(ARRAY.replace("(512 32 64)", "(512 512 512)"))
    (result,) = check_tree([tmp_path]).results
    assert not [item for item in result.findings if item.severity != "info"]


def test_the_branches_of_a_script_are_runs_of_one_command(tmp_path: Path) -> None:
    words = "env=dmc_vision env.task=dmc_walker_walk env.train_ratio=$R"
    (tmp_path / "go.sh").write_text(f"if [ $# -gt 0 ]; then R=512; else R=32; fi\npython train.py {words}\n")
    outcome = check_tree([tmp_path])
    (result,) = outcome.results
    assert (outcome.commands, result.runs) == (1, 2)
    assert ("low-train-ratio", "with env.train_ratio=32; 1 of 2 runs") in told(result)


def test_runs_of_two_programs_are_two_results(tmp_path: Path) -> None:
    first = "train.py env=dmc_vision env.task=dmc_walker_walk env.train_ratio=32"
    second = "sheeprl.py exp=dreamer_v3_dmc_walker_walk algo.replay_ratio=0.01"
    (tmp_path / "go.sh").write_text(f"if c; then A='{first}'; else A='{second}'; fi\npython $A seed=1\n")
    outcome = check_tree([tmp_path])
    assert outcome.commands == 1
    assert sorted(result.dialect for result in outcome.results) == ["r2dreamer", "sheeprl"]
    assert all("low-train-ratio" in {item.name for item in result.findings} for result in outcome.results)
