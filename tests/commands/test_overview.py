"""`dreamerguard` without arguments, completion, `--plain`, and what habits of other tools get as an answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.cli import _without_plain
from dreamerguard.commands.app import COMMANDS, app
from dreamerguard.commands.shared import completions
from dreamerguard.schema.key_table import key_rows
from dreamerguard.util.terminal import PLAIN

SCRIPT = "#!/bin/sh\npython dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --run.train_ratio 32\n"


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(PLAIN, raising=False)


def test_without_arguments_it_says_what_it_found_and_what_to_type() -> None:
    Path("train.sh").write_text(SCRIPT)
    Path("run.yaml").write_text("task: dmc_walker_walk\n")
    for seed in range(2):
        folder = Path("logs", f"seed{seed}")
        folder.mkdir(parents=True)
        (folder / "scores.jsonl").write_text(json.dumps({"step": 1000, "episode/score": 5.0}) + "\n")
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "danijar/dreamerv3: 1 run in train.sh; 1 warning" in out
    assert "the bundled trainer: 1 run in run.yaml; no problems found" in out
    assert "logs of 2 runs: logs/seed0, logs/seed1" in out
    for command in ("check", "guard -- COMMAND", "train --config run.yaml", "watch --once logs/seed0"):
        assert f"  dreamerguard {command}" in out


def test_an_empty_folder_gets_the_commands_that_start() -> None:
    code, out, _ = run()
    assert code == 0
    assert "No run of DreamerV3 was found" in out and "dreamerguard lint -- COMMAND" in out and "init dmc" in out


def test_a_run_that_lint_refuses_is_not_offered_for_training() -> None:
    Path("run.yaml").write_text("task: dmc_walker_walk\nrun.train_ratio: 32\n")
    assert "train --config" not in run()[1]


def test_a_large_folder_that_is_no_repository_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dreamerguard.commands.overview._MOST_FILES", 3)
    for index in range(5):
        Path(f"{index}.txt").touch()
    Path("train.sh").write_text(SCRIPT)
    assert "was not searched" in run()[1]
    Path(".git").mkdir()
    assert "train.sh" in run()[1]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("help",), "dreamerguard --help"),
        (("version",), "dreamerguard --version"),
        (("run", "x"), "dreamerguard train"),
        (("chekc",), "did you mean check?"),
        (("xyzzy",), "`dreamerguard --help` lists the commands"),
        (("watch",), "dreamerguard watch LOGDIR"),
        (("report",), "dreamerguard report runs/RUN -o report.html"),
        (("init",), "dreamerguard init dmc_walker_walk"),
        (("compare", "."), "dreamerguard compare NEW --baseline OLD"),
        (("guard", "python", "main.py"), "dreamerguard guard -- python main.py"),
        (("check", "python", "main.py"), "dreamerguard lint -- python main.py"),
        (("train", "python", "main.py", "--a", "1"), "dreamerguard guard -- python main.py --a 1"),
        (("train", "./dreamerv3/main.py", "--configs", "a"), "dreamerguard guard -- ./dreamerv3/main.py --configs a"),
    ],
)
def test_dead_ends_name_the_command_that_works(words: tuple[str, ...], advice: str) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert advice in err, err


def test_options_of_lint_behind_the_dashes_are_named() -> None:
    command = ("--", "python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--task", "dmc_walker_walk")
    said = "--output-format stands after --"
    assert said in run("lint", "--no-config", *command, "--output-format", "json")[2]
    assert said not in run("lint", "--no-config", "--output-format", "json", *command)[2]
    assert run("lint", "--no-config", *command, "--nosuch", "json")[2] == ""


def test_train_names_what_a_file_of_presets_is_for() -> None:
    Path("configs.yaml").write_text("defaults:\n  task: dmc_walker_walk\ndmc: {run.train_ratio: 1024}\n")
    code, _, err = run("train", "configs.yaml")
    assert code == 2 and "dreamerguard guard -- COMMAND" in err and "dreamerguard init TASK" in err


@pytest.mark.parametrize(
    ("typed", "written"),
    [("CartPole-v1", "gym:CartPole-v1"), ("MiniGrid-Empty-5x5-v0", "minigrid:MiniGrid-Empty-5x5-v0")],
)
def test_an_id_of_gymnasium_names_its_suite_and_no_cost(typed: str, written: str) -> None:
    said = f"write the environment of Gymnasium as {written}"
    assert said in run("lint", "--no-config", typed)[2]
    _, out, _ = run("lint", "--no-config", "--this-machine", "--", "dreamerguard", "train", typed)
    assert said in out and "slow-on-cpu" not in out
    assert "gym:" not in run("lint", "--no-config", "dmc_walker_wlak")[1]


@pytest.mark.parametrize("command", ["train", "lint"])
def test_the_help_shows_every_key(command: str) -> None:
    out = " ".join(run(command, "--help")[1].split())
    assert "run.train_ratio Replayed agent steps per agent step" in out
    for key in key_rows():
        assert key in out or f" {key.rpartition('.')[2]}" in out
    assert "Settings (key=value" not in run("check", "--help")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_h_is_help(command: str) -> None:
    code, out, _ = run(command, "-h")
    assert code == 0 and "Usage:" in out


@pytest.mark.parametrize(
    ("complete", "start", "expected"),
    [
        (completions.tasks, "dmc_walk", ["dmc_walker_run", "dmc_walker_stand", "dmc_walker_walk"]),
        (completions.tasks, "gy", ["gym:"]),
        (completions.tasks, "nosuch", []),
        (completions.suites, "dmc", ["dmc_proprio", "dmc_vision", "dmlab"][:2]),
        (completions.keys, "run.tr", ["run.train_ratio="]),
        (completions.keys, "purpose=", ["purpose=full", "purpose=short"]),
        (completions.rules, "low-", ["low-train-ratio", "low-update-budget"]),
        (completions.rules, "dead-key,low-t", ["dead-key,low-train-ratio"]),
    ],
)
def test_words_complete(complete: completions.Complete, start: str, expected: list[str]) -> None:
    assert complete(start) == expected


def test_run_files_complete_beside_tasks() -> None:
    Path("dmc.yaml").touch()
    Path("dmc.txt").touch()
    Path("sub").mkdir()
    words = completions.run_words("dmc")
    assert "dmc.yaml" in words and "dmc_walker_walk" in words and "dmc.txt" not in words
    assert completions.run_words("su") == ["suite=", "sub/"]


def test_a_failing_completion_offers_nothing() -> None:
    def broken(_: str) -> list[str]:
        raise ValueError

    assert completions.offer(broken)("x") == []


@pytest.mark.parametrize("word", ["dialect", "train ratio", "train-ratio", "NON-INFERIOR", "looks", "native"])
def test_words_of_reports_are_explained(word: str) -> None:
    code, out, _ = run("explain", word)
    assert code == 0 and ": " in out


def test_a_key_or_task_is_not_taken_for_a_word() -> None:
    assert "value    one of" in run("explain", "edition")[1]
    assert run("explain", "xyzzy")[0] == 2


@pytest.mark.integration
def test_the_shell_gets_tasks_from_the_real_program() -> None:
    code = "import sys; sys.argv[0] = 'dreamerguard'; from dreamerguard.cli import main; main()"
    words = {"_DREAMERGUARD_COMPLETE": "complete_bash", "COMP_WORDS": "dreamerguard tasks dmc_walk", "COMP_CWORD": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | words, capture_output=True, text=True)
    assert done.stdout.split() == ["dmc_walker_run", "dmc_walker_stand", "dmc_walker_walk"], done.stderr


def test_plain_is_taken_from_every_command_and_not_from_the_training_command(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["guard", "--plain", "--", "python", "main.py", "--plain"]
    monkeypatch.setattr(os, "environ", dict(os.environ))
    assert _without_plain(["guard", "--", "x", "--plain"]) == ["guard", "--", "x", "--plain"]
    assert PLAIN not in os.environ
    assert _without_plain(words) == ["guard", "--", "python", "main.py", "--plain"]
    assert os.environ[PLAIN] == "1"


@pytest.mark.parametrize("words", [["dreamerguard", "--plain", "train"], ["dreamerguard", "train", "--plain"]])
def test_a_plain_command_in_a_script_is_sound(words: list[str]) -> None:
    code, out, _ = run("lint", "--no-config", "--", *words, "dmc_walker_walk")
    assert code == 0 and "no problems found" in out
    assert run("lint", "--no-config", "--", *words, "dmc_walker_walk", "run.train_ratio=32")[0] == 1
