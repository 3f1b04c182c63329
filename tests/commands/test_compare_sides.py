"""The two sides of `compare` as a shell passes them: globs, folders, files among them, and mixed up sides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dreamerguard.commands.app import app
from dreamerguard.commands.shared.typer_argv import spread_baselines

from ..regression.run_logs import native_run

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
#: The lines of the README that compare two releases.
README = [
    line.split("  #")[0].strip()
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    if line.strip().startswith(("dreamerguard compare", "dreamerguard report new"))
]
WORSE = "5 candidate seeds against 5 baseline seeds on dmc_walker_walk"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seeds of a release, and five of a worse one."""
    folder = tmp_path_factory.mktemp("releases")
    for seed in range(5):
        native_run(folder / "old" / f"s{seed}", seed)
        native_run(folder / "new" / f"s{seed}", seed, gain=0.85)
    return folder


@pytest.fixture
def gate(releases: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(releases)
    return releases


def _run(*words: str) -> Result:
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("line", README)
def test_the_readme_line_gates_a_release_in_a_real_shell(gate: Path, line: str) -> None:
    bin_folder = gate / "bin"
    bin_folder.mkdir(exist_ok=True)
    script = bin_folder / "dreamerguard"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dreamerguard "$@"\n')
    script.chmod(0o755)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    python = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=gate,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path, "PYTHONPATH": python},
    )
    assert "WORSE: " in done.stdout, done.stdout + done.stderr
    assert WORSE in done.stdout
    assert "is this meant?" not in done.stdout
    assert done.returncode == (1 if "compare" in line else 0)


def test_the_report_goes_into_a_file(gate: Path) -> None:
    result = _run("compare", "new", "--baseline", "old", "-o", "gate.md", "--output-format", "markdown")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip().endswith("gate.md: WORSE")
    assert (gate / "gate.md").read_text().startswith("**WORSE**: ")
    refused = _run("compare", "new", "--baseline", "old", "-o", "no/such/gate.md")
    assert refused.exit_code == 2 and "cannot write no/such/gate.md" in refused.stderr


def test_the_readme_shows_globs() -> None:
    assert any("new/* --baseline old/*" in line for line in README)


@pytest.mark.parametrize(
    ("words", "spread", "others"),
    [
        (
            "new/a new/b --baseline old/a old/b old/c",
            "new/a new/b --baseline old/a --baseline old/b --baseline old/c",
            2,
        ),
        ("-b old/a old/b --margin 0.1 new", "--baseline old/a --baseline old/b --margin 0.1 new", 1),
        ("--baseline old/a old/b -- new", "--baseline old/a --baseline old/b -- new", 1),
        (
            "new -b a b --allow edition -b c d",
            "new --baseline a --baseline b --allow edition --baseline c --baseline d",
            1,
        ),
        ("--baseline=old new", "--baseline=old new", 1),
        ("new --baseline a --allow-inconclusive b", "new --baseline a --allow-inconclusive b", 2),
        ("--baseline old new --margin 0.1", "--baseline old --baseline new --margin 0.1", 0),
        ("new --baseline", "new --baseline", 1),
        ("new --baseline --margin 0.1", "new --baseline", 1),
        ("new -- -b old", "new -- -b old", 3),
    ],
)
def test_all_words_after_baseline_up_to_the_next_option_are_baselines(words: str, spread: str, others: int) -> None:
    assert spread_baselines(words.split(), ["--margin", "--allow"]) == (spread.split(), others)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--baseline old new", "no candidate: all paths after --baseline up to the next option are baselines; write"),
        ("-b old new --margin 0.1", "`dreamerguard compare CANDIDATE... --baseline BASELINE...`"),
        ("new --baseline", "--baseline names no path"),
        ("new --baseline --margin 0.1", "--baseline names no path"),
        ("new --baseline=old/*", "old/* does not exist; the shell expands * only after a space"),
    ],
)
def test_a_side_without_a_path_is_refused_with_the_right_form(gate: Path, words: str, says: str) -> None:
    result = _run("compare", *words.split())
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert says in result.output


def test_words_order_and_form_do_not_change_the_verdict(gate: Path) -> None:
    old = [f"old/s{seed}" for seed in range(5)]
    for words in (["--baseline", *old, "--", "new"], ["new", "-b", *old], ["--baseline=old", "new"]):
        result = _run("compare", *words)
        assert (result.exit_code, WORSE in result.output.split("\n")[0]) == (1, True)


def test_a_candidate_beside_a_baseline_is_questioned(gate: Path) -> None:
    result = _run("compare", "new/s0", "--baseline", "old/s0", "old/s1", "--allow-inconclusive", "old/s2", "old/s3")
    (line,) = [line for line in result.output.split("\n") if "is this meant?" in line]
    assert "Candidate old/s2 and 1 more lie in the same folder as baseline old/s0" in line
    assert "is this meant?" not in _run("compare", "new", "-b", "old").output


def test_a_copy_of_a_baseline_is_questioned_and_the_run_itself_refused(gate: Path, tmp_path: Path) -> None:
    shutil.copytree("old/s0", tmp_path / "copy")
    (tmp_path / "link").symlink_to(Path("old/s1").resolve())
    copy = _run("compare", str(tmp_path / "copy"), "--baseline", "old/s0", "old/s1")
    (line,) = [line for line in copy.output.split("\n") if "is this meant?" in line]
    assert line.endswith("has exactly the scores of baseline old/s0: copies are no new seeds")
    link = _run("compare", str(tmp_path / "link"), "--baseline", "old/s0", "old/s1")
    assert (link.exit_code, "is both candidate and baseline" in link.output) == (2, True)


def test_files_that_a_glob_adds_are_left_out_and_named(gate: Path, tmp_path: Path) -> None:
    note = tmp_path / "notes.txt"
    note.write_text("x")
    result = _run("compare", "new", "--baseline", *(f"old/s{seed}" for seed in range(5)), str(note))
    assert (result.exit_code, f"note: {note} is a file, not a run: it is left out" in result.output) == (1, True)
    alone = _run("compare", "new", "--baseline", str(note))
    assert (alone.exit_code, "is a file, not a directory" in alone.output) == (2, True)
