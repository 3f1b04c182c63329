"""``lint -`` reads a run file from the standard input."""

import subprocess
import sys
from pathlib import Path

import pytest

from dreamerguard.rules.helpers.example_files import with_preset

RUN = "task: dmc_walker_walk\nrun:\n  train_ratio: 32\n"


def lint(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dreamerguard", "lint", *words]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False)


pytestmark = pytest.mark.integration


def test_findings_point_into_the_text(tmp_path: Path) -> None:
    done = lint(tmp_path, RUN, "-", "--output-format", "concise")
    assert done.returncode == 1
    assert done.stdout.startswith("stdin.yaml:3:3: warning[low-train-ratio]")
    assert lint(tmp_path, RUN.replace("32", "512"), "-").returncode == 0


def test_settings_and_files_override_it(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("run:\n  train_ratio: 512\n")
    assert lint(tmp_path, RUN, "-", "run.train_ratio=512").returncode == 0
    assert lint(tmp_path, RUN, "-", "run.yaml").returncode == 0
    assert lint(tmp_path, RUN, "run.yaml", "-").returncode == 1


def test_a_file_of_that_name_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "stdin.yaml").write_text("a: [")
    assert lint(tmp_path, RUN.replace("32", "512"), "-").returncode == 0


def test_what_cannot_be_linted_alone_is_named(tmp_path: Path) -> None:
    presets = with_preset("run.train_ratio: 32")["dreamerv3/configs.yaml"]
    done = lint(tmp_path, presets, "-")
    assert done.returncode == 2
    assert "the standard input holds presets" in done.stderr
    assert "dreamerguard check -" in done.stderr


@pytest.mark.parametrize("words, says", [
    (["-", "-"], "named once"), (["-", "--fix"], "--fix cannot write to the standard input"),
])  # fmt: skip
def test_refusals(tmp_path: Path, words: list[str], says: str) -> None:
    done = lint(tmp_path, RUN, *words)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_dash_as_the_value_of_an_option_is_no_input(tmp_path: Path) -> None:
    done = lint(tmp_path, "not read", "--task", "dmc_walker_walk", "--output", "-")
    assert done.returncode == 0
    assert (tmp_path / "-").is_file()
