"""What a newcomer types first: the answer names the command that works."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.native.run_files import is_run_file

PRESETS = "defaults:\n  task: dmc_walker_walk\n  batch_size: 16\ndmc_proprio:\n  run.train_ratio: 1024\n"


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [("configs.yaml", PRESETS), ("train.sh", "#!/bin/sh\npython main.py\n"), ("Makefile", "all:\n\ttrue\n")],
)
def test_lint_of_a_file_with_several_runs_names_check(name: str, text: str) -> None:
    Path(name).write_text(text)
    code, out, err = run("lint", name)
    assert (code, out) == (2, "")
    assert f"dreamerguard check {name}" in err


@pytest.mark.parametrize("words", [["python", "main.py", "--task", "x"], ["bash", "a.sh"], ["sheeprl", "exp=a"]])
def test_lint_of_a_command_names_the_two_dashes(words: list[str]) -> None:
    code, _, err = run("lint", "--no-config", *words)
    assert code == 2
    assert f"dreamerguard lint --no-config -- {' '.join(words)}" in err


@pytest.mark.parametrize(
    "text",
    [
        "task: build\nrun: make all\n",
        "task: sentiment\nmodel: {name: bert}\nlogging: {level: info}\n",
        "task: walker-walk\nagent: {lr: 3e-4}\nreplay: {capacity: 1e6}\n",
        "task: dmc_mine\nmodel: {name: bert}\n",
        "task: dmc_walker_walk\nrun: python train.py\n",
        "task: atari_pong\nrun:\n  name: exp1\n  seed: 4\nmodel:\n  hidden: 256\n",
        "task: walker_walk\nenv: {name: walker, action_repeat: 2}\nreplay: {capacity: 1000000, batch_size: 16}\n",
        (
            "task: atari_pong\nenv: {action_repeat: 4, image_size: 84}\nmodel: {lr: 1e-4}\nlogging: {level: info}\n"
            "optimizer: {name: adam, lr: 3e-4}\n"
        ),
        "task: dmc_walker_walk\nsize: 64\nseed: 1\n",
        "task: crafter_reward\nrun:\n  script: train_ppo.py\n  args: [--lr, 1e-4]\n",
    ],
)
def test_files_of_other_programs_are_no_run_files(text: str) -> None:
    assert not is_run_file(text)


@pytest.mark.parametrize(
    "text",
    [
        "task: dmc_walker_walk\n",
        "task: dmc_walker_wlak\nrun: {train_ratio: 32}\n",
        "task: dmc_walker_walk\nrun: {train_ration: 32}\n",
        "task: dmc_walker_walk\nsize: size12m\nrun: {frames: 1e6, name: mine}\nmodel: {deter: 512}\n",
        "task: dmc_walker_walk\nrun:\n",
        "task: mine\nrun: {train_ratio: 32, frames: 1e6}\n",
        "# yaml-language-server: $schema=dreamerguard.schema.json\ntask: mine\n",
    ],
)
def test_run_files_are_known_by_their_task_keys_or_schema(text: str) -> None:
    assert is_run_file(text)


@pytest.mark.parametrize(("typed", "fixed"), [("--sed 3", "--seed 3"), ("--sed=3", "--seed=3"), ("sed=3", "seed=3")])
def test_a_renamed_key_keeps_its_form(typed: str, fixed: str) -> None:
    _, out, _ = run("lint", "--no-config", "dmc_walker_walk", *typed.split())
    assert f"dmc_walker_walk {fixed}\n" in out


@pytest.mark.parametrize("name", ["dmc_vision", "dmc_vision_walker_walk"])
def test_a_suite_is_not_taken_for_a_misspelled_task(name: str) -> None:
    _, out, _ = run("lint", "--no-config", name)
    assert "suite=dmc_vision" in out and "fix:" not in out and "fish_swim" not in out


def test_foreign_files_stay_silent(tmp_path: Path) -> None:
    Path("x.yaml").write_text("task: build\nrun: make all\n")
    assert not check_tree([tmp_path]).results


def test_compare_names_a_missing_path_first() -> None:
    Path("a").mkdir()
    assert run("compare", "a", "--baseline", "nosuch") == (2, "", "error: nosuch does not exist\n")


@pytest.mark.parametrize("command", ["reference", "config"])
def test_groups_do_not_offer_completion(command: str) -> None:
    assert "completion" not in run(command, "--help")[1]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("lint", "walker-walk"), "did you mean dmc_walker_walk?"),
        (("lint", "dmc_walker_walk", "run.train_ratio"), "write run.train_ratio=VALUE"),
        (("lint", "nosuch.sh"), "cannot read 'nosuch.sh': there is no such file"),
        (("lint", "-", "-"), "can be named once"),
        (("lint", "./dreamerv3/main.py", "--configs", "a"), "dreamerguard lint -- ./dreamerv3/main.py --configs a"),
        (("tasks", "dmc_proprio"), "dreamerguard tasks --suite dmc_proprio"),
        (("explain", "dmc_vision"), "dreamerguard tasks --suite dmc_vision"),
        (("check", "--no-config", "--baseline", "nosuch.json"), "--write-baseline writes it"),
    ],
)
def test_the_message_names_what_works(words: tuple[str, ...], advice: str) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert advice in err


def test_the_diff_says_how_many_findings_it_cannot_fix() -> None:
    Path("run.yaml").write_text("task: dmc_walker_walk\nrun: {train_ratio: 32}\n")
    assert "nothing to correct in 1 finding; --unsafe-fixes" in run("check", "--no-config", "--diff")[2]


def test_an_empty_run_file_names_the_command_that_fills_it() -> None:
    for text in ("", "\n \n"):
        Path("run.yaml").write_text(text, encoding="utf-8")
        code, out, _ = run("lint", "--no-config", "run.yaml")
        assert (code, "the file is empty" in out) == (3, True)
        assert "`dreamerguard init TASK --force --out run.yaml` writes" in out
    Path("run.yaml").write_text("# my notes\n", encoding="utf-8")
    _, out, _ = run("lint", "--no-config", "run.yaml")
    assert "no task here" in out and "--force" not in out
