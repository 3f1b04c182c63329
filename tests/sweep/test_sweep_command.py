"""`dreamerguard sweep` as a user meets it."""

from __future__ import annotations

import csv
import json
import signal
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.sweep.store import SweepStore

from .sweeping import TRAINER, WAITING, command, count, opened, sweep_text, until

invoke = CliRunner().invoke


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fake_sweep(finals: list[int], **more: object) -> str:
    words = [sys.executable, str(TRAINER), "--logdir", "{logdir}", "--seed", "{seed}", "--final", "{final}"]
    words += ["--task", "{task}", "--seconds", "0.1", "--rows", "100", "--frames", "1000"]
    return sweep_text("", command=words, vary=[{"grid": {"final": finals}}], **more)


def test_the_first_file_starts_from_init() -> None:
    assert invoke(app, ["init", "dmc_walker_walk", "--sweep"]).exit_code == 0
    result = invoke(app, ["sweep", "sweep.yaml", "--dry-run", "--no-config"])
    assert result.exit_code == 0, result.output
    assert "6 runs = 1 task x 2 combinations x 3 seeds" in result.output
    assert sorted(path.name for path in Path().iterdir()) == ["dreamerguard.sweep.schema.json", "sweep.yaml"]
    assert json.loads(invoke(app, ["schema", "--sweep"]).output) == json.loads(
        Path("dreamerguard.sweep.schema.json").read_text()
    )
    again = invoke(app, ["init", "dmc_walker_walk", "--sweep"])
    assert again.exit_code == 2 and "--force" in again.output


def test_init_writes_a_sweep_for_tasks_without_published_values() -> None:
    assert invoke(app, ["init", "gym:CartPole-v1", "--sweep", "-o", "a/b.yaml"]).exit_code == 0
    assert yaml.safe_load(Path("a/b.yaml").read_text())["tasks"] == ["gym:CartPole-v1"]
    assert invoke(app, ["init", "dmc_walker_wlak", "--sweep"]).exit_code == 2
    assert "--sweep takes neither" in invoke(app, ["init", "dmc_walker_walk", "--sweep", "--size", "size1m"]).output


def test_a_plan_that_lint_refuses_starts_nothing() -> None:
    text = "tasks: dmc_walker_walk\nseeds: 1\nvary:\n  - grid: {run.train_ratio: [512, 8]}\n"
    Path("s.yaml").write_text(text + "on_refused: stop\n")
    assert invoke(app, ["sweep", "s.yaml", "--dry-run", "--no-config"]).exit_code == 78
    result = invoke(app, ["sweep", "s.yaml", "--no-config"])
    assert result.exit_code == 78 and "nothing was started: on_refused" in result.output
    Path("s.yaml").write_text(text.replace("512, 8", "8"))
    assert "every run is left out" in invoke(app, ["sweep", "s.yaml", "--no-config"]).output
    assert not Path("sweeps").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing.yaml"], "there is no such file"),
        (["resume", "nothing"], "there is no such folder"),
        (["status", "."], "holds no sweep"),
        (["report", "."], "holds no sweep"),
        (["s.yaml", "--output-format", "json"], "--output-format needs --dry-run"),
        (["s.yaml", "--dryrun"], "did you mean --dry-run"),
        (["s.yaml", "--metrics-file", "a.txt", "--no-config"], "the name must end in .prom"),
        (["s.yaml", "--metrics-file", "none/a.prom", "--no-config"], "the folder does not exist"),
    ],
)
def test_wrong_usage_is_one_message(words: list[str], told: str) -> None:
    if "--metrics-file" in words:
        Path("s.yaml").write_text(fake_sweep([1]))
    result = invoke(app, ["sweep", *words])
    assert result.exit_code == 2
    assert told in result.output


def test_the_dry_run_lists_every_run_as_json() -> None:
    Path("s.yaml").write_text(fake_sweep([1, 2]))
    result = invoke(app, ["sweep", "s.yaml", "--dry-run", "--output-format", "json", "--no-config", "--dir", "x"])
    found = json.loads(result.stdout)
    assert len(found["runs"]) == 8 and found["folder"] == str(Path("x").absolute())


@pytest.mark.integration
def test_a_sweep_ends_with_page_and_tables(tmp_path: Path) -> None:
    Path("s.yaml").write_text(fake_sweep([900, 100], seeds=4, watch={"interval": 0.2, "stop": False}))
    process = command(tmp_path, "s.yaml", "--no-config", "--metrics-file", "sweep.prom")
    assert process.wait() == 0, Path("said.txt").read_text()
    metrics = Path("sweep.prom").read_text()
    assert 'state="finished"} 16' in metrics and 'state="failed"} 0' in metrics
    said = Path("said.txt").read_text()
    assert "final=900" in said.split("16 finished")[1]
    folder = Path("sweeps/s")
    assert "<html" in (folder / "report.html").read_text().lower()
    with (folder / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16 and {row["state"] for row in rows} == {"finished"}
    (folder / "report.html").unlink()
    assert invoke(app, ["sweep", "report", "sweeps/s"]).exit_code == 0
    assert (folder / "report.html").exists()
    again = command(tmp_path, "s.yaml", "--no-config")
    assert again.wait() == 0
    assert {row.attempt for row in SweepStore(folder).rows()} == {1}


@pytest.mark.integration
def test_a_hopeless_combination_is_stopped_and_the_better_one_goes_on(tmp_path: Path) -> None:
    text = fake_sweep([900, 10], tasks=["a", "b", "c"], seeds=6, engine={"slots": 4},
                      watch={"interval": 0.2, "against": "best", "rate": 0.1})  # fmt: skip
    Path("s.yaml").write_text(text)
    assert command(tmp_path, "s.yaml", "--no-config").wait() == 0, Path("said.txt").read_text()
    rows = SweepStore(Path("sweeps/s")).rows()
    assert {row.state for row in rows if row.combination["final"] == "900"} == {"finished"}
    stopped = [row for row in rows if row.state == "stopped"]
    assert stopped and {row.combination["final"] for row in stopped} == {"10"}
    assert all(row.why.startswith("hopeless: ") for row in stopped)


@pytest.mark.integration
def test_ctrl_c_saves_all_runs_and_status_tells_so(tmp_path: Path) -> None:
    Path("s.yaml").write_text(sweep_text(WAITING))
    process = command(tmp_path, "s.yaml", "--dir", "x", "--no-config")
    folder = Path("x")
    until(lambda: (folder / "runs").exists() and sum(count(folder, "starts")) == 4)
    second = command(tmp_path, "resume", "x", "--no-config")
    assert second.wait() == 75
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert "dreamerguard sweep resume" in Path("said.txt").read_text()
    result = invoke(app, ["sweep", "status", "x", "--attempts"])
    assert result.exit_code == 0 and "4 waiting" in result.output
    assert "paused, exit code 143" in result.output
    found = json.loads(invoke(app, ["sweep", "status", "x", "--output-format", "json"]).stdout)
    assert found["counts"] == {"waiting": 4} and len(found["attempts"]) == 4


@pytest.mark.integration
def test_a_second_signal_leaves_the_runs_running(tmp_path: Path) -> None:
    stubborn = WAITING.replace('(note("saved"), sys.exit(143))', "note('saved')")
    Path("s.yaml").write_text(sweep_text(stubborn, tasks=["a"], seeds=1))
    process = command(tmp_path, "s.yaml", "--dir", "x", "--no-config")
    until(lambda: (Path("x") / "runs").exists() and sum(count(Path("x"), "starts")) == 1)
    process.send_signal(signal.SIGTERM)
    until(lambda: sum(count(Path("x"), "saved")) == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    (Path("x") / "runs" / "a-s0" / "go").touch()
    with opened(tmp_path / "x") as store:
        assert [row.state for row in store.rows()] == ["started"]
    assert command(tmp_path, "resume", "x", "--no-config").wait() == 0
    assert count(Path("x"), "ends") == [1]


@pytest.mark.integration
def test_failed_runs_give_exit_code_1_and_can_be_tried_again(tmp_path: Path) -> None:
    program = "import os, sys; sys.exit(0 if os.path.exists('fixed') else 1)"
    Path("s.yaml").write_text(sweep_text(program, retries={"count": 0}))
    assert command(tmp_path, "s.yaml", "--no-config").wait() == 1
    Path("fixed").touch()
    assert command(tmp_path, "resume", "sweeps/s", "--no-config").wait() == 1
    assert command(tmp_path, "resume", "sweeps/s", "--retry-failed", "--no-config").wait() == 0


@pytest.mark.integration
def test_a_run_of_the_bundled_trainer_is_linted_again_at_its_start(tmp_path: Path) -> None:
    text = "tasks: dmc_walker_walk\nseeds: 1\nsettings: {run.frames: 20000, purpose: short}\n"
    Path("s.yaml").write_text(text + "config: base.yaml\n")
    Path("base.yaml").write_text("size: size200k\n")
    from dreamerguard.sweep.open_sweep import leading, make_folder, store_plan
    from dreamerguard.sweep.plan.make_plan import LintChoices, make_plan
    from dreamerguard.sweep.plan.read_file import read_sweep_file

    sweep, written = read_sweep_file(Path("s.yaml"))
    folder = tmp_path / "x"
    plan = make_plan(sweep, folder, tmp_path, LintChoices(no_config=True))
    make_folder(folder)
    with leading(folder, ["x"], lambda line: None, create=True) as store:
        store_plan(store, plan, written, tmp_path, [])
    (folder / "config.yaml").write_text("size: size200k\nrun: {train_ratio: 1}\n")  # somebody changed it
    assert command(tmp_path, "resume", "x", "--no-config").wait() == 0, Path("said.txt").read_text()
    row = SweepStore(folder).rows()[0]
    assert (row.state, row.exit_code) == ("refused", 78)
    assert "low-train-ratio" in (folder / "jobs" / row.name / "output.log").read_text()
