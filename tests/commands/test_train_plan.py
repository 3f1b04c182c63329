"""``train --dry-run``: the plan, its exit codes, and that nothing is written or started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dreamerguard import lint_command
from dreamerguard.commands.shared import agent_extra
from dreamerguard.commands.shared.errors import CommandFailed
from dreamerguard.commands.shared.measured_speed import measured_speed
from dreamerguard.commands.shared.plan_text import render_plan
from dreamerguard.commands.shared.train_plan import make_plan
from dreamerguard.programs.native.run_directory import default_directory, prepare_agents

pytestmark = pytest.mark.integration

LINE = "dreamerguard train dmc_cartpole_balance size=size200k runtime.platform=cpu"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()


@pytest.fixture
def without_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_extra, "NEEDED", ("no_such_package",))


def plan(line: str = LINE, directory: Path | None = None) -> dict[str, Any]:
    result = lint_command(line)
    config = result.run.config
    assert config is not None
    return make_plan(result, directory or default_directory(config), line.split())


def stored_run(name: str, line: str = LINE, host: str | None = None, rows: int = 6) -> Path:
    """A run directory with a log, as a run on this machine leaves it."""
    config = lint_command(line).run.config
    assert config is not None
    run = Path("runs") / name
    prepare_agents(run, config, {}, {"host": host or os.uname().nodename, "platform": "cpu"})
    log = [{"frames": 1000 * row, "updates": 10 * max(row - 1, 0), "fps/frames": 100 + row} for row in range(rows)]
    (run / "metrics.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in log) + '{"frames": 99', encoding="utf-8"
    )
    return run


def train(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dreamerguard", "train", *words, "--dry-run"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_sound_run_is_planned_and_nothing_is_written() -> None:
    Path("run.yaml").write_text("task: dmc_cartpole_balance\nsize: size200k\n", encoding="utf-8")
    before = sorted(Path().rglob("*"))
    done = train("--config", "run.yaml", "runtime.platform=cpu", "--seed", "3")
    assert done.returncode == 0, done.stderr
    for part in (
        "size200k  file run.yaml:2:1",
        "3  command line:1:",
        "suite (dmc_proprio, edition paper-2025)",
        "as many updates as published",
        "main memory",
        "replay.storage=device (replay.storage=auto: it fits); with each storage, the run needs",
        "  disk    ",
        "would be created",
        "not measured",
    ):
        assert part in done.stdout
    assert sorted(Path().rglob("*")) == before


def test_the_plan_as_json() -> None:
    done = train("dmc_cartpole_balance", "size=size200k", "runtime.platform=cpu", "--output-format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["version"], found["verdict"]) == (1, "sound")
    memory = found["memory"]
    assert memory["device"] == "cpu" and 0 < memory["total"] == sum(memory["parts"].values())
    assert memory["storage"] == "device" and memory["storages"]["device"]["device"] == memory["total"]
    disk = memory["storages"]["disk"]
    assert disk["device"] > 0 and 0 < disk["disk"] < memory["limits"]["disk"]
    assert found["budget"]["update_share"] == pytest.approx(1)
    (size,) = [row for row in found["settings"] if row["key"] == "size"]
    assert (size["value"], size["layer"]) == ("size200k", "command line")


def test_on_a_gpu_the_storage_is_chosen_at_the_start() -> None:
    accepted = ("--allow", 'missing-gpu="the job runs elsewhere"')
    done = train("dmc_cartpole_balance", "size=size200k", "runtime.platform=cuda", *accepted)
    assert done.returncode == 0, done.stderr
    assert "replay.storage=auto: the memory of the device decides at the start" in done.stdout
    host = next(line for line in done.stdout.splitlines() if line.strip().startswith("host "))
    assert "gpu memory" in host and "main memory" in host


def test_a_scratch_folder_that_does_not_exist_is_refused() -> None:
    done = train("dmc_cartpole_balance", "size=size200k", "runtime.platform=cpu", "replay.scratch=nowhere")
    assert done.returncode == 2 and "replay.scratch is nowhere, which is no folder" in done.stderr


def test_numbers_beyond_all_machines() -> None:
    lines = render_plan(plan(f"{LINE} run.train_ratio=1e308")).splitlines()
    assert next(line for line in lines if line.strip().startswith("updates ")).split()[1] == "-"
    with pytest.raises(CommandFailed, match="too large for any machine"):
        plan(f"{LINE} model.deter=1e18")


def test_a_refused_run_ends_with_78() -> None:
    done = train("dmc_walker_walk", "run.train_ratio=32")
    assert (done.returncode, done.stdout) == (78, "")
    assert "refused to train" in done.stderr
    done = train("dmc_walker_walk", "run.train_ratio=32", "--output-format", "json")
    assert done.returncode == 78
    found = json.loads(done.stdout)
    assert found["verdict"] == "refused" and "settings" not in found
    assert found["lint"]["findings"][0]["name"] == "low-train-ratio"


def test_settings_of_the_project_decide() -> None:
    Path("dreamerguard.toml").write_text('[ignore]\nlow-train-ratio = "smoke test"\n', encoding="utf-8")
    words = ("dmc_walker_walk", "run.train_ratio=32", "size=size1m")
    done = train(*words)
    assert done.returncode == 0, done.stderr
    assert "1 suppressed (1 by settings)" in done.stderr
    assert train(*words, "--no-config").returncode == 78
    Path("dreamerguard.toml").write_text("ignor = []\n", encoding="utf-8")
    done = train(*words)
    assert done.returncode == 2 and "did you mean ignore?" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("dmc_cartpole_balance", "--allow", "low-train-ratio"), "the reason is missing"),
        (("dmc_cartpole_balance", "--", "seed=1"), "train does not accept --"),
        (("dmc_cartpole_balance", "--output-format", "xml"), "xml"),
    ],
)
def test_wrong_use_ends_with_2(words: tuple[str, ...], says: str) -> None:
    done = train("--dry-run", *words)
    assert done.returncode == 2 and says in done.stderr


def test_an_existing_run_would_be_continued(without_agent: None) -> None:
    run = stored_run("one")
    assert plan(directory=run)["directory"] == {"path": "runs/one", "state": "continued", "checkpoint": None}
    (run / "checkpoints" / "1200").mkdir(parents=True)
    found = plan(directory=run)
    assert found["directory"]["checkpoint"] == 1200
    assert "continued from its checkpoint at 1,200 agent steps" in render_plan(found)
    with pytest.raises(CommandFailed, match="another configuration") as failed:
        plan(f"{LINE} optimizer.lr=1e-3", run)
    assert failed.value.code == 2


def test_without_the_agent_the_missing_extra_is_named(without_agent: None) -> None:
    found = plan()
    assert found["memory"]["total"] is None
    text = render_plan(found)
    assert "not estimated: the trainer needs packages" in text and "dreamerguard[agent]" in text
    assert "the full replay takes at least" in text


def test_time_comes_from_a_run_of_the_same_shape_on_this_machine(without_agent: None) -> None:
    assert plan()["time"]["seconds"] is None
    stored_run("elsewhere", host="another-machine")
    stored_run("wider", f"{LINE} replay.batch_size=32")
    stored_run("short", rows=3)
    assert plan()["time"]["seconds"] is None
    stored_run("same", f"{LINE} seed=7 run.frames=20000 logging.every=1")
    found = plan()
    # Rows with updates are 2 to 5; the first of them includes the compilation.
    assert found["time"]["frames_per_second"] == 104 and found["time"]["rows"] == 3
    assert found["time"]["seconds"] == pytest.approx(found["budget"]["run"]["frames"] / 104)
    assert "104.0 frames/s, the median of 3 log rows of runs/same" in render_plan(found)


def test_a_continued_run_counts_the_frames_that_are_left(without_agent: None) -> None:
    run = stored_run("one")
    found = plan(directory=run)
    assert found["time"]["frames_left"] == found["budget"]["run"]["frames"] - 5000


def test_damaged_runs_give_no_speed() -> None:
    config = lint_command(LINE).run.config
    assert config is not None
    for name, text in (("a", "{"), ("b", "[1]"), ("c", "[]"), ("d", "{}")):
        run = stored_run(name)
        (run / "manifest.json").write_text(text, encoding="utf-8")
    (stored_run("e") / "run.yaml").write_text("task: [", encoding="utf-8")
    (stored_run("f") / "metrics.jsonl").write_bytes(b"\xff\xfe")
    assert measured_speed(config, Path("runs/new"), "cpu") is None


@pytest.mark.parametrize(("name", "reason"), [("x" * 300, "File name too long"), ("loop/run", "Too many levels of")])
def test_a_run_directory_that_cannot_be_reached_is_refused(name: str, reason: str) -> None:
    Path("loop").symlink_to("loop")
    done = train(*LINE.split()[2:], "--logdir", name, "--dry-run")
    assert done.returncode == 2
    assert f"cannot be used: {reason}" in done.stderr and "choose another one with --logdir" in done.stderr
