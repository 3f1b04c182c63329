"""The option for laboratories that learn more slowly keeps the stated rate, and says what it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.published import Suite, degrade
from benchmarks.synthetic_laboratories import RATE
from dreamerguard.commands.app import app
from dreamerguard.regression.published import load_calibration
from dreamerguard.regression.reference.slower import slower_calibration

from .run_logs import native_run


def test_runs_that_learn_a_fifth_slower_keep_the_rate() -> None:
    suite = Suite("dmc_proprio")
    usual, other, count = 0, 0, 0
    for task, envelope in suite.envelopes.items():
        for seed, curve in enumerate(envelope.curves):
            late = degrade(curve, "slow", 1.2, 0.0)
            usual += suite.first_alarm(task, seed, late, RATE) is not None
            other += suite.first_alarm_of_slower(task, seed, late, RATE) is not None
            count += 1
    assert (usual, other, count) == (9, 4, 90)


def test_documented_figures_are_the_reprinted_ones() -> None:
    folder = Path(__file__).parents[2]
    stored = json.loads((folder / "benchmarks" / "results" / "synthetic_laboratories.json").read_text())
    text = (folder / "docs" / "watching.md").read_text()
    alarms, count = stored["20 % slower"]["all"]["other laboratory"]
    assert alarms / count <= RATE
    for suite, (row,) in {name: [row] for name, row in stored["detected"].items()}.items():
        cells = [f"{100 * usual / n:.0f} % / {100 * other / n:.0f} %" for usual, other, n in row.values()]
        assert f"| {suite} | {' | '.join(cells)} |" in text


def test_thresholds_are_higher_than_those_of_the_published_laboratory() -> None:
    stored = load_calibration("dmc_proprio")
    assert stored is not None
    found = slower_calibration("dmc_proprio", "2024", stored[0].spread)
    assert found.curves == stored[0].curves
    for rate in (0.05, 0.02):
        usual, other = stored[0].alarm[rate], found.alarm[rate]
        assert usual is not None and other is not None and other > usual


def test_watch_judges_a_slower_laboratory_and_says_so(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run", gain=0.2)
    result = CliRunner().invoke(app, ["watch", str(run), "--once", "--other-laboratory"])
    assert result.exit_code == 1
    assert "healthy runs of a laboratory that learns up to 20 % slower" in result.output
    assert "note: --other-laboratory: the run may learn 20 % slower; fewer worse runs are detected" in result.output


@pytest.mark.parametrize("command", ["watch", "report"])
def test_own_curves_need_no_allowance(tmp_path: Path, command: str) -> None:
    (tmp_path / "own.json").write_text("{}")
    run = native_run(tmp_path / "run")
    result = CliRunner().invoke(
        app, [command, str(run), "--reference", str(tmp_path / "own.json"), "--other-laboratory"]
    )
    assert result.exit_code == 2
