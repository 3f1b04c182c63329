"""``lint --dialect`` settles which program a command starts."""

import subprocess
import sys
from pathlib import Path

import pytest


def lint(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "dreamerguard", "lint", "--no-config", "--output-format", "concise", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("dialect", "command", "found"),
    [
        ("danijar", "python go.py --configs crafter --run.train_ratio 32 --logdir x", "run.train_ratio is 32, 1/16"),
        ("danijar:2023", "python go.py --configs crafter --run.train_ratio 32", "has no --logdir"),
        ("nm512_torch", "python go.py --configs dmc_vision --train_ratio 32 --logdir x", "train_ratio is 32, 1/16"),
        ("r2dreamer", "python go.py env=dmc_vision trainer.train_ratio=32", "trainer.train_ratio is 32, 1/16"),
    ],
)
def test_the_named_program_is_taken(dialect: str, command: str, found: str, tmp_path: Path) -> None:
    code, said = lint(tmp_path, "--dialect", dialect, "--", *command.split())
    assert code == 1 and found in said


def test_without_it_the_program_is_not_known(tmp_path: Path) -> None:
    assert lint(tmp_path, "--", "python", "go.py", "env=dmc_vision", "trainer.train_ratio=32")[0] == 3


@pytest.mark.parametrize("dialect", ["nope", "danijar:1999", "torch:2023"])
def test_an_unknown_program_is_one_message(dialect: str, tmp_path: Path) -> None:
    code, said = lint(tmp_path, "--dialect", dialect, "--", "python", "main.py", "--configs", "crafter")
    assert code == 2 and said.count("\n") == 1
    assert said.startswith(f"error: --dialect {dialect} is unknown: known are native (the bundled trainer), sheeprl")


@pytest.mark.parametrize("dialect", ["danijar", "danijar:2023", "nm512_torch"])
def test_a_command_that_cannot_be_the_programs_is_one_message(dialect: str, tmp_path: Path) -> None:
    code, said = lint(tmp_path, "--dialect", dialect, "run.train_ratio=32")
    assert (code, said.count("\n")) == (2, 1) and "cannot be one of that program's" in said


def test_people_read_of_the_bundled_trainer_and_options_keep_its_identifier(tmp_path: Path) -> None:
    _, full = lint(tmp_path, "--output-format", "full", "dmc_walker_walk")
    assert "(program bundled trainer: the command runs dreamerguard)" in full
    code, other = lint(tmp_path, "--", "python", "other.py")
    assert (code, "can be checked: bundled trainer, sheeprl" in other) == (3, True)
    code, unknown = lint(tmp_path, "--dialect", "tf", "--", "python", "other.py")
    assert (code, "known are native (the bundled trainer), sheeprl" in unknown) == (2, True)
    _, data = lint(tmp_path, "--output-format", "json", "dmc_walker_walk")
    assert '"dialect": "native"' in data
