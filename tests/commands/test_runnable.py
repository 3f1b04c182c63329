"""Every command states at once that the bundled trainer cannot run a task here."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.schema import suites

OTHER, ABSENT = "minecraft_diamond", "crafter_reward"
SUPPORTED = (
    f"the bundled trainer cannot run {OTHER}; it runs dmc_*, gym:ID, minigrid:ID, envpool:ID, atari_*, atari100k_*"
)
INSTALL = "pip install 'dreamerguard[crafter]'"

run = CliRunner().invoke


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def without_crafter(monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python, but without the package of Crafter."""
    monkeypatch.delitem(sys.modules, "crafter", raising=False)
    find = importlib.util.find_spec
    monkeypatch.setattr(suites, "find_spec", lambda name: None if name == "crafter" else find(name))


def output(*words: str) -> tuple[int, str]:
    done = run(app, list(words), env={"COLUMNS": "200"})
    return done.exit_code, " ".join((done.stdout + done.stderr).split())


def test_a_suite_that_the_trainer_does_not_run() -> None:
    code, text = output("lint", OTHER)
    assert code == 1 and f"error[unsupported-suite] DG348: {SUPPORTED}" in text
    code, text = output("train", OTHER)
    assert code == 78 and SUPPORTED in text and "refused to train" in text
    code, text = output("train", OTHER, "--allow", "unsupported-suite=reason")
    assert code == 2 and f"error: {SUPPORTED}" in text
    code, text = output("tasks", OTHER)
    assert code == 0 and SUPPORTED in text
    assert list(Path().iterdir()) == []  # no run directory, not even an empty one
    code, text = output("init", OTHER)
    assert code == 0 and SUPPORTED in text


@pytest.mark.usefixtures("without_crafter")
def test_an_extra_that_is_not_installed() -> None:
    message = "tasks crafter_* need packages that are not installed here: crafter"
    code, text = output("lint", ABSENT)
    assert (
        code == 0 and f"info[missing-extra] DG510: {message}" in text and INSTALL in text
    )  # another machine may run it
    code, text = output("lint", "--this-machine", ABSENT)
    assert code == 1 and f"error[missing-extra] DG510: {message}" in text
    code, text = output("train", ABSENT)
    assert code == 78 and message in text and INSTALL in text
    code, text = output("train", ABSENT, "--allow", "missing-extra=reason")
    assert code == 2 and INSTALL in text
    assert list(Path().iterdir()) == []
    for words in (("tasks", ABSENT), ("tasks", "-s", "crafter"), ("init", ABSENT)):
        code, text = output(*words)
        assert code == 0 and INSTALL in text


@pytest.mark.usefixtures("without_crafter")
def test_tasks_has_a_column_for_it() -> None:
    done = run(app, ["tasks"])
    column = {line.split()[0]: line.rstrip().split("  ")[-1].strip() for line in done.stdout.splitlines()[1:13]}
    assert {name for name, text in column.items() if text == "yes"} == {
        "dmc_proprio", "dmc_vision", "atari", "atari100k",
    }  # fmt: skip
    assert column["crafter"] == "needs [crafter]" and column["minecraft"] == "no"
    rows = {row["suite"]: row["trainer"] for row in json.loads(run(app, ["tasks", "--json"]).stdout)}
    assert rows["crafter"] == {"runs": False, "extra": "crafter", "missing": ["crafter"]}
    assert rows["minecraft"] == {"runs": False, "extra": None, "missing": []}


def test_a_machine_that_only_lints_is_not_asked_for_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "_missing", list)
    code, text = output("lint", ABSENT)
    assert code == 0 and "missing-extra" not in text
    assert "needs [agent]" in output("tasks")[1]


@pytest.mark.parametrize("task", ["gym:CartPole-v1", "gym:ALE/Pong-v5", "minigrid:MiniGrid-Empty-5x5-v0"])
def test_ids_of_environment_libraries_are_tasks(task: str, tmp_path: Path) -> None:
    code, text = output("lint", task)
    assert code == 0 and f"nothing is published for {task}" in text
    code, text = output("tasks", task)
    assert code == 2 and f"nothing is published for {task}; the bundled trainer runs it" in text
    code, text = output("init", task, "--out", str(tmp_path / "run.yaml"))
    assert code == 0 and f"wrote {tmp_path / 'run.yaml'}" in text
    assert output("lint", str(tmp_path / "run.yaml"))[0] == 0


@pytest.mark.integration
@pytest.mark.parametrize("seeds", ["1", "2"])
def test_a_run_without_environments_leaves_no_directory(seeds: str) -> None:
    words = ["train", "gym:NoSuchEnvironment-v0", f"seeds={seeds}", "purpose=short", "runtime.platform=cpu"]
    done = subprocess.run(
        [sys.executable, "-m", "dreamerguard", *words, "--logdir", "new/run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "error: " in done.stderr, done.stderr
    assert list(Path().iterdir()) == []
