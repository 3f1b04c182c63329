"""The curves of another laboratory: where they come from, which runs they judge, and what a verdict says about them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks import build_tdmpc2_data as builder
from benchmarks.laboratories import Measured, detected, false_alarms
from dreamerguard.regression.published import (
    envelope_tasks,
    load_calibration,
    load_envelope,
    newest_envelope,
    task_releases,
)
from dreamerguard.regression.watch.status_report import headline, status_json, status_text
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Watcher
from dreamerguard.schema.tasks import data_dir, find_task, load_suite

from .run_logs import Row, append

SUITES = [source.suite for source in builder.SUITES]


def test_86_tasks_are_shipped_and_none_that_the_authors_publish() -> None:
    counts = {suite: len(envelope_tasks(suite, "tdmpc2")) for suite in SUITES}
    assert counts == {"dmc_proprio": 10, "tdmpc2": 11, "metaworld": 50, "myosuite": 10, "maniskill": 5}
    authors = set(envelope_tasks("dmc_proprio"))
    assert len(builder.KEPT) == len(authors) == 18
    assert not authors & set(envelope_tasks("dmc_proprio", "tdmpc2"))
    kept = {f"dmc_{name.replace('-', '_')}" for name in builder.KEPT}
    assert {find_task(task).name for task in kept} == authors


@pytest.mark.parametrize("suite", SUITES)
def test_every_task_of_the_curves_is_known_and_has_an_edition(suite: str) -> None:
    for task in envelope_tasks(suite, "tdmpc2"):
        found, envelope = find_task(task, suite), load_envelope(suite, task, "tdmpc2")
        assert envelope is not None and not found.published
        assert found.values("tdmpc2")["run.frames"].value == envelope.budget
        assert found.values("tdmpc2")["env.action_repeat"].value == envelope.action_repeat
        assert (envelope.seeds, envelope.episodes, envelope.laboratory) == (3, "eval", "nicklashansen/tdmpc2")
    assert suite == "dmc_proprio" or set(load_suite(suite).tasks) == set(envelope_tasks(suite, "tdmpc2"))


def test_the_authors_come_first() -> None:
    assert task_releases("dmc_proprio", "dmc_walker_walk") == ("2024", "2023")
    assert task_releases("dmc_proprio", "dmc_dog_run") == ("tdmpc2",)
    newest = newest_envelope("dmc_proprio", "dmc_quadruped_run")
    assert newest is not None and newest.release == "tdmpc2"
    assert newest_envelope("dmc_proprio", "dmc_dog_fetch") is None


def test_licence_and_provenance_travel_with_the_data() -> None:
    envelope = load_envelope("metaworld", "metaworld_door-open", "tdmpc2")
    assert envelope is not None
    notice = (data_dir() / "reference" / "NOTICE.md").read_text(encoding="utf-8")
    assert envelope.source.url in notice and envelope.source.commit in notice and envelope.source.copyright in notice
    assert notice.count("Permission is hereby granted") == 2
    assert envelope.score_name == "evaluation success rate"


def test_false_alarms_of_three_seeds_are_the_reprinted_ones() -> None:
    stored = json.loads((Path(builder.__file__).parent / "results" / "laboratories.json").read_text())
    measured = Measured("return")
    for suite in ("dmc_proprio", "tdmpc2"):
        flags = false_alarms(measured, suite)
        assert {name: [sum(found), len(found)] for name, found in flags.items()} == stored["false alarms"][suite]
    found = detected(measured, "slow", 4)
    assert [sum(found), len(found)] == stored["detected"]["return"]["slow 4"]
    hits, curves = stored["false alarms"]["all"]["0.05"]
    assert hits / curves <= 0.05


def test_stored_statistics_follow_from_the_shipped_curves() -> None:
    measured, stored = Measured("return"), load_calibration("tdmpc2", "tdmpc2")
    assert stored is not None
    found = sorted((value for values in measured.null.values() for value in values if value > 0), reverse=True)
    assert found == pytest.approx(stored[0].null, rel=1e-3)
    assert sum(map(len, measured.null.values())) == stored[0].curves


def test_the_builder_reads_a_checkout_but_not_the_kept_tasks(tmp_path: Path) -> None:
    folder = tmp_path / builder.FOLDER
    folder.mkdir(parents=True)
    steps = range(0, 2_000_001, 100_000)
    rows = [f"{step},{step / 2e6 * seed / 3:.3f},{seed}" for seed in (3, 1, 2) for step in steps if step != 300_000]
    (folder / "mw-door-open.csv").write_text("\n".join(["step,success,seed", *rows]) + "\n")
    for name in builder.KEPT:
        (folder / f"{name}.csv").write_text("never read")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "curves"]):
        subprocess.run([*git, *words], check=True)
    found = builder.read_all(tmp_path, "HEAD")
    assert {suite: len(tasks) for suite, tasks in found.items() if tasks} == {"metaworld": 1}
    (item,) = found["metaworld"]
    assert (item.task, item.grid[0], item.grid[-1], len(item.curves)) == ("metaworld_door-open", 1e5, 2e6, 3)
    # the row of 0 is in the cell up to 100,000; a missing row repeats the one before; that of 2 million is left out
    assert item.curves[2][:5] == pytest.approx([0.0, 0.05, 0.1, 0.1, 0.2])
    assert item.curves[2][-1] == pytest.approx(0.95)


def _quadruped(directory: Path, gain: float = 1.0, key: str = "eval_return") -> Path:
    envelope = load_envelope("dmc_proprio", "dmc_quadruped_walk", "tdmpc2")
    assert envelope is not None
    rows: list[Row | str] = [
        {"step": int(edge) - 50_000, key: gain * (score or 0.0)}
        for edge, score in zip(envelope.grid, envelope.median, strict=True)
    ]
    append(directory / "metrics.jsonl", [*rows, {"step": 4_000_000, "update_count": 10}])
    return directory


def test_a_run_of_a_new_task_is_judged_and_the_verdict_says_by_whom(tmp_path: Path) -> None:
    status = Watcher(_quadruped(tmp_path / "good"), "dmc_quadruped_walk", "dmc_proprio", 2).look()
    assert status.verdict is not None and status.verdict.state is State.OK
    text = status_text(status)
    assert "reference: 3 seeds of nicklashansen/tdmpc2, evaluation return, every 100,000 frames" in text
    assert "pooled over 21 tasks with returns" in text
    assert "training scores" not in text
    stated = status_json(status)["reference"]
    assert (stated["laboratory"], stated["scores"], stated["measure"]) == ("nicklashansen/tdmpc2", "eval", "return")
    low = Watcher(_quadruped(tmp_path / "low", 0.5), "dmc_quadruped_walk", "dmc_proprio", 2).look()
    assert low.verdict is not None and low.verdict.state is State.REGRESSED


def test_training_scores_against_evaluations_are_a_caveat(tmp_path: Path) -> None:
    run = _quadruped(tmp_path, key="train_return")
    text = status_text(Watcher(run, "dmc_quadruped_walk", "dmc_proprio", 2).look())
    assert "the run has training scores, the reference evaluation scores, which are higher" in text
    append(run / "metrics.jsonl", [{"step": 4_000_000, "eval_return": 900.0}])
    assert "training scores" not in status_text(Watcher(run, "dmc_quadruped_walk", "dmc_proprio", 2).look())


def test_success_rates_are_judged_and_returns_are_not_taken_for_them(tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    settings = "env: {task: metaworld_window-open, action_repeat: 2}\n"
    (tmp_path / ".hydra" / "config.yaml").write_text(settings)
    envelope = load_envelope("metaworld", "metaworld_window-open", "tdmpc2")
    assert envelope is not None
    returns: list[Row | str] = [{"step": int(edge), "episode/eval_score": 2000.0} for edge in envelope.grid]
    append(tmp_path / "metrics.jsonl", returns)
    by_default = Watcher(tmp_path).look()
    assert headline(by_default) == "NO REFERENCE"
    assert "learned from proprio" in by_default.no_reference and "--reference tdmpc2" in by_default.no_reference
    status = Watcher(tmp_path, reference="tdmpc2").look()
    assert headline(status) == "NO SCORES" and "success rate" in status.no_scores
    (tmp_path / "metrics.jsonl").unlink()
    both: list[Row | str] = [
        {"step": int(edge), "episode/eval_score": 2000.0, "episode/eval_success": score}
        for edge, score in zip(envelope.grid, envelope.median, strict=True)
    ]
    append(tmp_path / "metrics.jsonl", both)
    status = Watcher(tmp_path, reference="tdmpc2").look()
    assert status.verdict is not None and status.verdict.state is State.OK
    assert status.verdict.last is not None and status.verdict.last.score is not None
    assert status.verdict.last.score <= 1
    assert "evaluation success rate" in status_text(status)


def test_a_release_without_the_task_is_named(tmp_path: Path) -> None:
    run = _quadruped(tmp_path)
    status = Watcher(run, "dmc_quadruped_walk", "dmc_proprio", 2, "2024").look()
    assert "curves of dmc_quadruped_walk are in release tdmpc2" in status.no_reference
