"""The plan of a sweep: which runs lint refuses, and what the rest costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dreamerguard.core.machine import Machine
from dreamerguard.core.source import Source, SourceError
from dreamerguard.sweep.plan.make_plan import LintChoices, SpeedOf, SweepPlan, make_plan
from dreamerguard.sweep.plan.plan_report import plan_json, plan_text
from dreamerguard.sweep.plan.read_file import parse_sweep

NATIVE = """
tasks: [dmc_walker_walk, dmc_cartpole_balance]
seeds: 2
settings: {run.frames: 20000, purpose: short, size: size200k}
vary:
  - grid: {run.train_ratio: [512, 32]}
"""
FOREIGN = """
tasks: [dmc_walker_walk]
seeds: 2
command: >-
  python dreamerv3/main.py --configs dmc_proprio --jax.platform cpu --task {task} --seed {seed} --logdir {logdir}
  --run.train_ratio {run.train_ratio}
vary:
  - grid: {run.train_ratio: [512, 8]}
"""


def plan(text: str, folder: Path, speed: SpeedOf = lambda result, path: None) -> SweepPlan:
    return make_plan(parse_sweep(Source("s.yaml", text)), folder / "sweep", folder, LintChoices(no_config=True), speed)


def test_refused_runs_are_named_and_left_out(tmp_path: Path) -> None:
    found = plan(NATIVE, tmp_path)
    assert len(found.runs) == 8
    assert {run.combination["run.train_ratio"] for run in found.left_out} == {"32"}
    assert not found.stops
    text = plan_text(found)
    for run in found.refused:
        assert f"{run.name}: low-train-ratio" in text
    assert "runs       4, 4 left out" in text


def test_the_sweep_may_stop_at_a_refused_run(tmp_path: Path) -> None:
    assert plan(NATIVE + "on_refused: stop\n", tmp_path).stops
    assert not plan(NATIVE.replace(", 32", ", 256") + "on_refused: stop\n", tmp_path).stops


def test_an_accepted_finding_refuses_nothing(tmp_path: Path) -> None:
    found = plan(NATIVE + 'allow: {low-train-ratio: "the sweep measures it"}\n', tmp_path)
    assert found.left_out == ()
    assert "--allow" in found.runs[1].words


def test_the_first_seed_of_everything_comes_first(tmp_path: Path) -> None:
    assert [run.seed for run in plan(NATIVE, tmp_path).runs] == [0] * 4 + [1] * 4


def test_another_program_is_linted_by_its_own_rules(tmp_path: Path) -> None:
    found = plan(FOREIGN, tmp_path)
    assert [run.checked == "refused" for run in found.runs] == [False, True, False, True]
    assert all("low-train-ratio" in run.findings for run in found.refused)
    assert found.runs[0].frames and found.runs[0].cost.updates


def test_an_unknown_program_is_not_called_sound(tmp_path: Path) -> None:
    text = "tasks: [t]\nseeds: 1\ncommand: ./train {logdir}\n"
    found = plan(text, tmp_path)
    assert [run.checked for run in found.runs] == ["unchecked"]
    assert "not checked by lint" in plan_text(found)
    assert found.left_out == () and not found.stops
    assert plan(text + "on_unchecked: skip\n", tmp_path).left_out
    assert plan(text + "on_unchecked: stop\n", tmp_path).stops


def test_what_is_not_known_is_called_so(tmp_path: Path) -> None:
    found = plan(NATIVE + "engine: {gpus_per_run: 1}\n", tmp_path)
    assert found.runs[0].cost.hours is None and found.runs[0].cost.gpu_hours is None
    assert "GPU hours  not known" in plan_text(found)


def test_hours_follow_from_a_similar_run_or_from_the_file(tmp_path: Path) -> None:
    gpu = NATIVE + "engine: {gpus_per_run: 0.5}\n"
    for found in (plan(gpu, tmp_path, lambda result, path: 20.0), plan(gpu + "frames_per_second: 20\n", tmp_path)):
        assert found.runs[0].cost.hours == pytest.approx(20000 / 20 / 3600)
        assert found.runs[0].cost.gpu_hours == pytest.approx(20000 / 20 / 3600 / 2)


def test_the_json_plan_has_every_run(tmp_path: Path) -> None:
    found = json.loads(json.dumps(plan_json(plan(NATIVE, tmp_path)), allow_nan=False))
    assert found["totals"]["runs"] == 4 and found["totals"]["left_out"] == 4
    assert found["starts"] is True
    assert [run["left_out"] for run in found["runs"]] == [False, True] * 4
    assert found["runs"][0]["command"][:2] == ["dreamerguard", "train"]


def test_seeds_in_the_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the seeds of a sweep"):
        plan(NATIVE.replace("purpose: short", "purpose: short, seeds: 4"), tmp_path)


def test_runs_that_would_share_all_gpus_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dreamerguard.core.machine.detect_machine", lambda: Machine(gpus=2, cpus=8))
    assert "this machine has 2 GPUs" in plan_text(plan(NATIVE, tmp_path))
    assert "this machine has" not in plan_text(plan(NATIVE + "engine: {gpus_per_run: 1}\n", tmp_path))
    assert "this machine has" not in plan_text(plan(NATIVE + "engine: {kind: ray}\n", tmp_path))


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    text = 'tasks: ["t", "t-k=1"]\nseeds: 1\ncommand: run {logdir} {task} {k}\nvary:\n  - grid: {k: ["1-k=2", "2"]}\n'
    with pytest.raises(SourceError, match="two runs have the same name"):
        plan(text, tmp_path)


def test_nothing_is_written(tmp_path: Path) -> None:
    plan(NATIVE, tmp_path)
    assert list(tmp_path.iterdir()) == []
